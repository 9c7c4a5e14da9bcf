// How amounts are written on the wire (M-3), and read from text (M-1).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  centsText,
  factorOf,
  factorText,
  nanoUsd,
  ofCents,
  rateOf,
  rateText,
  scaled,
  wholeCents,
} from '../../app/spend/money.ts'

test('what was spent is cents with at most three decimals, half up, without trailing zeros', () => {
  const rows: readonly (readonly [bigint, string])[] = [
    ...([
      [0n, '0'],
      [4999n, '0'],
      [5000n, '0.001'],
      [9n, '0'],
      [10_000n, '0.001'],
    ] as const),
    ...([
      [2_000_000n, '0.2'],
      [5_175_000n, '0.518'],
      [5_174_999n, '0.517'],
    ] as const),
    ...([
      [62_500_000n, '6.25'],
      [10_000_000n, '1'],
      [9_999_999n, '1'],
      [290_480_000n, '29.048'],
    ] as const),
    ...([
      [5_000_000_000_000n, '500000'],
      [9_223_372_036_854_775_807n, '922337203685.478'],
    ] as const),
  ]

  for (const [amount, text] of rows) assert.equal(centsText(nanoUsd(amount)), text, String(amount))
})

test('credits that are used are whole cents, cut down; caps are cents', () => {
  assert.deepEqual(
    [0n, 9_999_999n, 10_000_000n, 271_409_999_999n].map(amount => wholeCents(nanoUsd(amount))),
    [0n, 0n, 1n, 27_140n],
  )
  assert.equal(ofCents(50_000n), 500_000_000_000n)
})

test('rates and factors are read as decimals, exactly, and written as they were', () => {
  assert.equal(rateOf('6.25'), 6_250_000_000n)
  assert.equal(rateOf('0.000001'), 1000n)
  assert.equal(rateOf('10000'), 10_000_000_000_000n)
  const texts = ['0.1', '6.25', '3.333333', '10000', '0.000001', '20']
  assert.deepEqual(
    texts.map(text => rateText(rateOf(text), factorOf('1'))),
    texts,
  )
  assert.deepEqual(
    ['1', '0.85', '1.1', '10'].map(text => factorText(factorOf(text))),
    ['1', '0.85', '1.1', '10'],
  )
  assert.equal(rateText(rateOf('0.25'), factorOf('0.85')), '0.2125')
})

test('what is no decimal of at most six places is no rate', () => {
  for (const text of ['', '.5', '5.', '1e3', '-1', '+1', '0.0000001', '1_0', 'NaN', ' 1', '1\n'])
    assert.throws(() => rateOf(text), RangeError, JSON.stringify(text))
})

test('a factor never rounds a rate', () => {
  assert.equal(scaled(rateOf('0.000001'), factorOf('1.1')), 1100n)
  assert.throws(() => scaled(rateOf('0.000001'), factorOf('1.000001')), RangeError)
})
