// The document of /api/oauth/usage, byte for byte.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { usageDocument } from '../../app/spend/usage-document.ts'
import { budgets, type Given, standing } from '../support/standings.ts'

function documentOf(given: Given): string {
  return usageDocument(standing(given), budgets(given))
}

/** Percent and severity of a month. */
function row(spent: string, limit: bigint): [unknown, unknown] {
  const document = JSON.parse(documentOf({ caps: { monthly: limit }, spent: { monthly: spent } }))
  assert.equal(document.extra_usage.utilization, document.limits[0].percent)
  return [document.limits[0].percent, document.limits[0].severity]
}

test('with one cap of a month', () => {
  const document = documentOf({ caps: { monthly: 50_000n }, spent: { monthly: '27140.9' } })

  assert.equal(
    document,
    '{"extra_usage":{"is_enabled":true,"monthly_limit":50000,"used_credits":27140,"utilization":54,"currency":"USD"},' +
      '"limits":[{"kind":"spend","group":"monthly","percent":54,"resets_at":"2026-12-01T00:00:00.000Z","severity":"normal","is_active":true}]}',
  )
})

test('without a cap', () => {
  const spent = { daily: '1240.5', weekly: '3300', monthly: '8123.99' }
  const expected =
    '{"extra_usage":{"is_enabled":true,"monthly_limit":null,"used_credits":8123,"utilization":null,"currency":"USD",' +
    '"daily":{"limit":null,"used_credits":1240,"utilization":null},' +
    '"weekly":{"limit":null,"used_credits":3300,"utilization":null}},"limits":[]}'

  assert.equal(documentOf({ spent }), expected)
  assert.equal(documentOf({ spent, caps: { monthly: null } }), expected)
})

test('with a cap of every period: the fullest is the active one, and the rows are in their order', () => {
  const document = documentOf({
    caps: { daily: 1000n, weekly: 2000n, monthly: 50_000n },
    spent: { daily: '10', weekly: '1930', monthly: '40000' },
  })

  assert.equal(
    document,
    '{"extra_usage":{"is_enabled":true,"monthly_limit":2000,"used_credits":1930,"utilization":97,"currency":"USD"},' +
      '"limits":[{"kind":"spend","group":"daily","percent":1,"resets_at":"2026-11-23T00:00:00.000Z","severity":"normal","is_active":false},' +
      '{"kind":"spend","group":"weekly","percent":97,"resets_at":"2026-11-23T00:00:00.000Z","severity":"critical","is_active":true},' +
      '{"kind":"spend","group":"monthly","percent":80,"resets_at":"2026-12-01T00:00:00.000Z","severity":"warning","is_active":false}]}',
  )
})

test('when blocked, the active row is the one that the refusal names', () => {
  const { extra_usage, limits } = JSON.parse(
    documentOf({
      caps: { daily: 100n, weekly: 100n, monthly: 1000n },
      spent: { daily: '500', weekly: '500', monthly: '999' },
    }),
  )

  assert.deepEqual(extra_usage, {
    ...{ is_enabled: true, monthly_limit: 100, used_credits: 500, utilization: 500, currency: 'USD' },
  })
  assert.deepEqual(
    limits.map((limit: { group: string; is_active: boolean }) => [limit.group, limit.is_active]),
    [
      ['daily', false],
      ['weekly', true],
      ['monthly', false],
    ],
  )
})

test('percents are rounded half up, at most 99 while something is left, above 100 when over', () => {
  assert.deepEqual(row('0', 100n), [0, 'normal'])
  assert.deepEqual(row('0.5', 100n), [1, 'normal'])
  assert.deepEqual(row('0.4999999', 100n), [0, 'normal'])
  assert.deepEqual(row('75', 100n), [75, 'normal'])
  assert.deepEqual(row('75.0000001', 100n), [75, 'warning'])
  assert.deepEqual(row('95', 100n), [95, 'warning'])
  assert.deepEqual(row('95.0000001', 100n), [95, 'critical'])
  assert.deepEqual(row('99.9999999', 100n), [99, 'critical'])
  assert.deepEqual(row('100', 100n), [100, 'critical'])
  assert.deepEqual(row('125', 100n), [125, 'critical'])
  assert.deepEqual(row('0', 0n), [100, 'critical'])
  assert.deepEqual(row('5', 0n), [100, 'critical'])
})

test('an amount with more digits than a number of JavaScript is written digit by digit', () => {
  const document = documentOf({ caps: { monthly: 999_999_999_999_999_999n } })

  assert.ok(document.includes('"monthly_limit":999999999999999999,"used_credits":0,'))
})
