// What receivers are told, and what the audit says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AuditEvent } from '../../app/audit/events.ts'
import { readAlert } from '../../app/spend/alert.ts'
import { alertBody } from '../../app/spend/alert-message.ts'
import { isTaken, MAX_AGE_MS, retryAfter } from '../../app/spend/alert-retry.ts'
import { createAlerts } from '../../app/spend/alerts.ts'
import type { AlertRow } from '../../app/store/spend-alerts.ts'
import { recordLog } from '../support/recorded-log.ts'

const ROW: AlertRow = {
  ...{ id: '0c6b2a3e-7e1d-8f00-8a11-223344556677', scope: 'user:ada', period: '2026-11-18', share: '0.8' },
  ...{ cap_cents: '5000', nano_usd: '40012345678' },
}
const POOL: AlertRow = {
  ...{ ...ROW, id: '0c6b2a3e-7e1d-8f00-8a11-556677889900' },
  ...{ scope: 'pool:eng:core', period: '2026-11', cap_cents: '123456789', share: '0.125' },
}
const RAISED = new Date('2026-11-18T12:00:00.250Z')

const slack = (row: AlertRow): unknown => JSON.parse(alertBody(readAlert(row), RAISED, 'slack'))

test("a developer's alert in JSON has amounts as the Admin API writes them", () => {
  assert.deepEqual(JSON.parse(alertBody(readAlert(ROW), RAISED, 'json')), {
    type: 'spend.threshold',
    id: '0c6b2a3e-7e1d-8f00-8a11-223344556677',
    created_at: '2026-11-18T12:00:00.250Z',
    scope: { type: 'user', user_id: 'ada' },
    period: 'daily',
    period_key: '2026-11-18',
    fraction: '0.8',
    amount: '5000',
    currency: 'USD',
    period_to_date_spend: '4001.235',
  })
})

test("a shared budget's alert in JSON names the group", () => {
  const body = JSON.parse(alertBody(readAlert(POOL), RAISED, 'json'))

  assert.deepEqual(body.scope, { type: 'pooled_budget', rbac_group_id: 'eng:core' })
  assert.deepEqual([body.period, body.fraction, body.amount], ['monthly', '0.125', '123456789'])
})

test('an alert for Slack is one line of text', () => {
  assert.deepEqual(slack(ROW), {
    text: '*80 % of the daily cap reached.* Developer ada spent $40.01 of $50.00 in 2026-11-18.',
  })
  assert.deepEqual(slack({ ...POOL, nano_usd: '154321000000000' }), {
    text: '*12.5 % of the shared monthly budget reached.* Group eng:core spent $154,321.00 of $1,234,567.89 in 2026-11.',
  })
  assert.deepEqual(slack({ ...ROW, period: '2026-W47', share: '1', cap_cents: '7', nano_usd: '0' }), {
    text: '*100 % of the weekly cap reached.* Developer ada spent $0.00 of $0.07 in 2026-W47.',
  })
})

test('no name begins a mention, a link or a line of its own in Slack', () => {
  const text = (name: string) => JSON.stringify(slack({ ...ROW, scope: `user:${name}` }))

  assert.ok(
    text('<!channel> & <https://x.example|y>').includes('&lt;!channel&gt; &amp; &lt;https://x.example|y&gt;'),
  )
  assert.ok(text('a\n\u202eb\u0000').includes('Developer a b spent'))
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), name => !/[<>\n\u0000-\u001f]/.test(text(name))),
    { numRuns: 300 },
  )
})

test('the next attempt is in five seconds, then twice as long each time, and in an hour at most', () => {
  const end = { status: 500, retryAfterMs: null }
  const pauses = [1, 2, 3, 10, 11, 1000].map(attempts => retryAfter(end, { attempts, ageMs: 0 }, 0))

  assert.deepEqual(pauses, [5000, 10_000, 20_000, 2_560_000, 3_600_000, 3_600_000])
  assert.equal(retryAfter(end, { attempts: 1, ageMs: 0 }, 0.8), 6000)
})

test('a longer pause that the receiver asks for is kept to, up to an hour', () => {
  const asking = (retryAfterMs: number) =>
    retryAfter({ status: 429, retryAfterMs }, { attempts: 2, ageMs: 0 }, 0)

  assert.deepEqual([1000, 60_000, 86_400_000].map(asking), [10_000, 60_000, 3_600_000])
})

test('there is no attempt beyond a day, and none after 410', () => {
  const end = { status: null, retryAfterMs: null }

  assert.equal(retryAfter(end, { attempts: 1, ageMs: MAX_AGE_MS - 5000 }, 0), 5000)
  assert.equal(retryAfter(end, { attempts: 1, ageMs: MAX_AGE_MS - 4999 }, 0), null)
  assert.equal(retryAfter({ ...end, status: 410 }, { attempts: 1, ageMs: 0 }, 0), null)
})

test('an alert is taken with any status of 2xx, and with no other', () => {
  const taken = [200, 201, 202, 204, 299, 199, 300, 302, 304, 400, 500, null].filter(status =>
    isTaken({ status, retryAfterMs: null }),
  )

  assert.deepEqual(taken, [200, 201, 202, 204, 299])
})

test('each alert that a settlement raised is one event, and is sent at once', () => {
  const events: AuditEvent[] = []
  let looks = 0
  const delivery = {
    async look() {
      looks += 1
    },
  }
  const log = recordLog()
  const audit = { write: (event: AuditEvent) => void events.push(event) }
  const rules = { shares: ['0.5'], groupLimitMode: 'min' as const, clock: () => 0 }
  const alerts = createAlerts({ ...rules, audit, log, delivery })

  alerts?.settled({ alerts: [], fault: 'no room' })
  alerts?.settled({ alerts: [], fault: null })
  assert.equal(looks, 0)
  alerts?.settled({ alerts: [ROW, POOL], fault: null })
  alerts?.settled({ alerts: [ROW], fault: null }) // its answer had been lost

  assert.equal(looks, 1)
  assert.deepEqual(alerts?.terms, { shares: ['0.5'], groupLimitMode: 'min', isSent: true })
  assert.deepEqual(log.lines, [
    'warn alerts of spend cannot be raised {"cause":"no room"}',
    'info over: alerts of spend cannot be raised',
  ])
  assert.deepEqual(events, [
    {
      ...{
        evt: 'spend.threshold',
        scope: 'user',
        period: 'daily',
        period_key: '2026-11-18',
        fraction: '0.8',
      },
      ...{ cap_cents: '5000', sub: 'ada', alert_id: ROW.id },
    },
    {
      ...{
        evt: 'spend.threshold',
        scope: 'pool',
        period: 'monthly',
        period_key: '2026-11',
        fraction: '0.125',
      },
      ...{ cap_cents: '123456789', rbac_group_id: 'eng:core', alert_id: POOL.id },
    },
  ])
})

test('without a share nobody is told anything, and without a webhook nothing is to be sent', () => {
  const audit = { write() {} }
  const rules = { groupLimitMode: 'max' as const, clock: () => 0, log: recordLog(), audit, delivery: null }

  assert.equal(createAlerts({ ...rules, shares: [] }), null)
  assert.equal(createAlerts({ ...rules, shares: ['1'] })?.terms.isSent, false)
})
