// Who may spend more, and which of several caps is the one that is spoken of.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { periodsAt } from '../../app/lib/periods.ts'
import type { GroupLimitMode } from '../../app/spend/caps.ts'
import { verdictOn } from '../../app/spend/verdict.ts'
import { type Given, poolOf, rowOf, SUNDAY, standing } from '../support/standings.ts'

/** The verdict in words: what it is, and of which period or pool. */
function verdict(given: Given, { mode = 'min', now = SUNDAY }: { mode?: GroupLimitMode; now?: number } = {}) {
  const found = verdictOn(standing(given), { periods: periodsAt(now), mode })
  switch (found.kind) {
    case 'allowed':
      return `allowed, ${found.fullest?.span.period ?? 'without a cap'}`
    case 'over_limit':
      return `over_limit, ${found.budget.span.period}`
    case 'pool_exhausted':
      return `pool_exhausted, ${found.pool.group}`
  }
}

test('whoever spent the amount of a cap is blocked, and a billionth of a dollar less is not', () => {
  assert.equal(verdict({ caps: { monthly: 5n }, spent: { monthly: '5' } }), 'over_limit, monthly')
  assert.equal(verdict({ caps: { monthly: 5n }, spent: { monthly: '4.9999999' } }), 'allowed, monthly')
})

test('a cap of 0 blocks, also when nothing was spent', () => {
  assert.equal(verdict({ caps: { daily: 0n } }), 'over_limit, daily')
})

test('whoever is unlimited or has no cap is not blocked, whatever was spent', () => {
  const spent = { daily: '1000000', weekly: '1000000', monthly: '1000000' }

  assert.equal(verdict({ spent }), 'allowed, without a cap')
  const rows = [rowOf({ scope: 'organization', cents: 1n })]
  assert.equal(verdict({ caps: { monthly: null }, rows, spent }), 'allowed, without a cap')
})

test('of several caps the fullest is spoken of, by the exact ratio', () => {
  const caps = { daily: 300n, monthly: 30_000n }

  assert.equal(verdict({ caps, spent: { daily: '100.0000001', monthly: '10000' } }), 'allowed, daily')
  assert.equal(verdict({ caps, spent: { daily: '100', monthly: '10000.0000001' } }), 'allowed, monthly')
})

test('of equally full ones it is that which resets last, and of those the longer period', () => {
  const spent = { daily: '1', weekly: '2', monthly: '4' }

  assert.equal(verdict({ caps: { daily: 10n, weekly: 20n, monthly: 40n }, spent }), 'allowed, monthly')
  assert.equal(verdict({ caps: { daily: 10n, weekly: 20n }, spent }), 'allowed, weekly')
  // On the last of November, a Monday, the week goes on after the month.
  const now = Date.parse('2026-11-30T12:00:00Z')
  const caps = { daily: 10n, weekly: 20n, monthly: 40n }
  assert.equal(verdict({ caps, spent }, { now }), 'allowed, weekly')
})

test('of several exceeded caps the one that resets last is named', () => {
  const spent = { daily: '99', weekly: '99', monthly: '99' }
  const now = Date.parse('2026-11-30T12:00:00Z')

  assert.equal(verdict({ caps: { daily: 1n, weekly: 2n, monthly: 99n }, spent }), 'over_limit, monthly')
  assert.equal(verdict({ caps: { daily: 1n, weekly: 2n, monthly: 100n }, spent }), 'over_limit, weekly')
  assert.equal(
    verdict({ caps: { daily: 1n, weekly: 2n, monthly: 9n }, spent }, { now }),
    'over_limit, weekly',
  )
  assert.equal(verdict({ caps: { daily: 1n, monthly: 9n }, spent }, { now }), 'over_limit, monthly')
})

test('any spent pool blocks with min, and with max only all of them do', () => {
  const [full, spare] = [poolOf('ops', 10n, '10'), poolOf('eng', 10n, '9')]

  assert.equal(verdict({ pools: [full, spare] }, { mode: 'min' }), 'pool_exhausted, ops')
  assert.equal(verdict({ pools: [full, spare] }, { mode: 'max' }), 'allowed, without a cap')
  assert.equal(verdict({ pools: [full] }, { mode: 'max' }), 'pool_exhausted, ops')
  const both = [full, poolOf('eng', 0n, '0')]
  assert.equal(verdict({ pools: both }, { mode: 'max' }), 'pool_exhausted, eng')
  assert.equal(verdict({ pools: both }, { mode: 'min' }), 'pool_exhausted, eng')
})

test('an unlimited row of one’s own does not lift a pool', () => {
  const pools = [poolOf('eng', 10n, '10')]

  assert.equal(verdict({ caps: { monthly: null }, pools }), 'pool_exhausted, eng')
})

test('beside a spent pool an own cap is described only if it resets at the same time or later', () => {
  const pools = [poolOf('eng', 10n, '10')]
  const spent = { daily: '5', weekly: '5', monthly: '5' }
  const now = Date.parse('2026-11-30T12:00:00Z')

  assert.equal(verdict({ caps: { daily: 5n }, spent, pools }), 'pool_exhausted, eng')
  assert.equal(verdict({ caps: { weekly: 5n }, spent, pools }), 'pool_exhausted, eng')
  assert.equal(verdict({ caps: { monthly: 5n }, spent, pools }), 'over_limit, monthly')
  assert.equal(verdict({ caps: { weekly: 5n }, spent, pools }, { now }), 'over_limit, weekly')
  // The day ends with the month.
  assert.equal(verdict({ caps: { daily: 5n }, spent, pools }, { now }), 'over_limit, daily')
})
