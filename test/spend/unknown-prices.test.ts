// What is said of models that no price is known for (M-27): once each, and not for ever.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnknownPrices } from '../../app/spend/unknown-prices.ts'
import { recordLog } from '../support/recorded-log.ts'

const TEXT = 'warn a model has no known price: it counts as 5 USD in and 25 USD out per million tokens'

test('a model without a price is said once, in words that a log can show', () => {
  const log = recordLog()
  const unknown = new UnknownPrices(log)

  unknown.met('main', ['corp-1'])
  unknown.met('main', ['corp-1', 'corp\u202e-2\n'])
  unknown.met('main', [])

  assert.deepEqual(
    log.lines,
    ['corp-1', 'corp -2'].map(model => `${TEXT} ${JSON.stringify({ upstream: 'main', model })}`),
  )
})

test('more than a hundred such names are not written about', () => {
  const log = recordLog()
  const unknown = new UnknownPrices(log)

  for (let n = 0; n < 10_000; n += 1) unknown.met('main', [`model-${n}`])

  assert.equal(log.lines.length, 100)
})
