// What a 2xx answer tells of a cap: every figure that was observed, and the edges around it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { successHeaders } from '../../app/spend/success-headers.ts'
import { monthly } from '../support/standings.ts'

/** Spent and cap in cents; status, utilization and threshold of the headers. */
const FIGURES: readonly (readonly [string, bigint, string, string, string?])[] = [
  ['0', 100n, 'allowed', '0'],
  ['1', 3n, 'allowed', '0.33'],
  ['2', 3n, 'allowed', '0.67'],
  ['0.5', 100n, 'allowed', '0.01'],
  ['0.4999999', 100n, 'allowed', '0'],
  ['50', 100n, 'allowed', '0.5'],
  ['10', 100n, 'allowed', '0.1'],
  ['74.9', 100n, 'allowed', '0.75'],
  ['75', 100n, 'allowed', '0.75'],
  ['75.0000001', 100n, 'allowed_warning', '0.75', '0.75'],
  ['95', 100n, 'allowed_warning', '0.95', '0.75'],
  ['95.0000001', 100n, 'allowed_warning', '0.95', '0.95'],
  ['99.4999999', 100n, 'allowed_warning', '0.99', '0.95'],
  ['99.99', 100n, 'allowed_warning', '0.99', '0.95'],
  ['27140', 50_000n, 'allowed', '0.54'],
  ['749999999999999999', 999_999_999_999_999_999n, 'allowed', '0.75'],
]

for (const [spent, limit, status, utilization, threshold] of FIGURES) {
  test(`${spent} of ${limit} cents is ${utilization}, ${status}, ${threshold ?? 'below every threshold'}`, () => {
    const headers = successHeaders(monthly(spent, limit))

    const unified = 'anthropic-ratelimit-unified-'
    assert.deepEqual(headers, {
      [`${unified}status`]: status,
      [`${unified}reset`]: '1796083200',
      [`${unified}representative-claim`]: 'overage',
      [`${unified}overage-status`]: status,
      [`${unified}overage-reset`]: '1796083200',
      [`${unified}overage-utilization`]: utilization,
      ...(threshold !== undefined && { [`${unified}overage-surpassed-threshold`]: threshold }),
    })
  })
}
