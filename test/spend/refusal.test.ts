// What whoever may not spend is told: the sentence, the headers, and how long to wait.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { periodsAt } from '../../app/lib/periods.ts'
import { blockedBy, heldByOthers, spendUnavailable } from '../../app/spend/refusal.ts'
import { verdictOn } from '../../app/spend/verdict.ts'
import { type Given, poolOf, SUNDAY, standing } from '../support/standings.ts'

/** The refusal of whoever stands so. */
function refused(
  given: Given,
  { now = SUNDAY, blockedMessage }: { now?: number; blockedMessage?: string } = {},
) {
  const verdict = verdictOn(standing(given), { periods: periodsAt(now), mode: 'min' })
  assert.notEqual(verdict.kind, 'allowed')
  const blocked = verdict.kind === 'allowed' ? assert.fail() : verdict
  const { code, status, message, headers } = blockedBy(blocked, { now, blockedMessage })
  return { code, status, message, headers }
}

const unified = 'anthropic-ratelimit-unified-'

const DECEMBER = {
  'retry-after': '706710',
  [`${unified}status`]: 'rejected',
  [`${unified}reset`]: '1796083200',
  [`${unified}overage-reset`]: '1796083200',
  [`${unified}overage-utilization`]: '1',
  [`${unified}overage-surpassed-threshold`]: '1',
  [`${unified}overage-period`]: 'monthly',
  [`${unified}overage-disabled-reason`]: 'org_spend_cap_reached',
}

test('a used up month has these headers and no others', () => {
  const answer = refused(
    { caps: { monthly: 400n }, spent: { monthly: '400' } },
    { blockedMessage: 'ask in #claude-budget' },
  )

  assert.deepEqual(answer, {
    code: 'over_budget',
    status: 429,
    message: 'Your monthly spend limit is used up until Dec 1, 00:00 UTC · ask in #claude-budget',
    headers: DECEMBER,
  })
})

test('the utilization is what was spent of it, and at least 1', () => {
  const utilization = (spent: string, limit: bigint) =>
    refused({ caps: { monthly: limit }, spent: { monthly: spent } }).headers[`${unified}overage-utilization`]

  assert.equal(utilization('500', 400n), '1.25')
  assert.equal(utilization('401', 400n), '1')
  assert.equal(utilization('402', 400n), '1.01')
  assert.equal(utilization('0', 0n), '1')
  assert.equal(utilization('77', 0n), '1')
  assert.equal(utilization('1000', 400n), '2.5')
})

test('each period has its word and its reset', () => {
  const told = (period: 'daily' | 'weekly' | 'monthly') => {
    const { message, headers } = refused({ caps: { [period]: 1n }, spent: { [period]: '1' } })
    return [message, headers[`${unified}overage-period`], headers['retry-after'], headers[`${unified}reset`]]
  }

  const midnight = 'Nov 23, 00:00 UTC'
  assert.deepEqual(told('daily'), [
    `Your daily spend limit is used up until ${midnight}`,
    ...['daily', '15510', '1795392000'],
  ])
  assert.deepEqual(told('weekly'), [
    `Your weekly spend limit is used up until ${midnight}`,
    ...['weekly', '15510', '1795392000'],
  ])
  assert.deepEqual(told('monthly'), [
    'Your monthly spend limit is used up until Dec 1, 00:00 UTC',
    ...['monthly', '706710', '1796083200'],
  ])
})

test('a cap of 0 is no limit that comes back: the sentence says so, and the headers are as ever', () => {
  const bare = refused({ caps: { monthly: 0n } })
  const worded = refused({ caps: { monthly: 0n } }, { blockedMessage: 'ask Ada' })

  assert.deepEqual(bare, {
    code: 'over_budget',
    status: 429,
    message: 'Spending is switched off for your account',
    headers: DECEMBER,
  })
  assert.equal(worded.message, 'Spending is switched off for your account · ask Ada')
})

test('the wait is rounded up to whole seconds, and is at least one', () => {
  const waitAt = (time: string) =>
    refused({ caps: { daily: 0n } }, { now: Date.parse(time) }).headers['retry-after']

  assert.equal(waitAt('2026-11-22T23:59:58.999Z'), '2')
  assert.equal(waitAt('2026-11-22T23:59:59.000Z'), '1')
  assert.equal(waitAt('2026-11-22T23:59:59.999Z'), '1')
  assert.equal(waitAt('2026-11-22T00:00:00.000Z'), '86400')
})

test('the shared budget of a group is named, and the headers say whose it is', () => {
  const answer = refused({ pools: [poolOf('eng', 500_000n, '625000')] }, { blockedMessage: 'ask Ada' })

  assert.deepEqual(answer, {
    code: 'over_budget',
    status: 429,
    message: 'The shared monthly budget of group eng is used up until Dec 1, 00:00 UTC · ask Ada',
    headers: {
      ...DECEMBER,
      [`${unified}overage-utilization`]: '1.25',
      [`${unified}overage-scope`]: 'group_pool',
    },
  })
})

test('whoever is held up by their own running requests may come back, and is told nothing of limits', () => {
  const { code, status, message, headers } = heldByOthers()

  assert.deepEqual(
    [code, status, message, headers],
    ['budget_held', 429, 'Your other running requests hold the rest of your budget', {}],
  )
})

test('when nobody can say what was spent, the refusal says that and nothing else', () => {
  const { code, status, message, headers } = spendUnavailable()

  assert.deepEqual(
    [code, status, message, headers],
    ['spend_unavailable', 429, 'spend limit unavailable', {}],
  )
})
