// The company's own prices, and which of several rows holds (M-29, M-30).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PricingConfig } from '../../app/config/pricing.ts'
import { type PriceOptions, partOf, priced, usageOf } from '../support/prices.ts'

const RATES = { input: '3.30', output: '16.5', cache_read: '0.33', cache_write: '4.125' }

type Row = Partial<PricingConfig['overrides'][number]>

/** Rows for `main`, with `RATES`, unless they say otherwise. */
function rows(overrides: readonly Row[], multiplier = '1'): PricingConfig {
  const full = overrides.map(row => ({ upstream: 'main', model: 'claude-opus-4-8', ...RATES, ...row }))
  return { multiplier, overrides: full }
}

/** Nano-dollars for 1,000 tokens of input: a row that says `input: n` makes it n thousand. */
function inputOf(sentAs: string, overrides: readonly Row[], options: PriceOptions = {}): bigint {
  return priced(sentAs, usageOf({ input: 1000 }), { ...options, pricing: rows(overrides) }).amount
}

test('a row prices every kind of token, both lifetimes of the cache alike', () => {
  const kinds = ['input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h'] as const
  const pricing = rows([{}])
  const costs = kinds.map(kind => priced('claude-opus-4-8', usageOf({ [kind]: 2000 }), { pricing }).amount)

  assert.deepEqual(costs, [6_600_000n, 33_000_000n, 660_000n, 8_250_000n, 8_250_000n])
})

test('a row replaces the list price whole: speed, place, size and region change nothing', () => {
  const usage = usageOf({ input: 200_000 }, { speed: 'fast', inference_geo: 'us' })
  const of = (model: string, upstream: string) =>
    priced(model, usage, { upstream, regionalPremium: true, pricing: rows([{ upstream, model }]) }).amount

  assert.equal(of('claude-opus-4-8', 'main'), 660_000_000n)
  assert.equal(of('claude-haiku-5-5', 'vertex-belgium'), 660_000_000n)
})

test('the multiplier comes last, and holds for searches, which no row prices', () => {
  const usage = usageOf({ input: 1001 }, { web_searches: 2 })

  // 1001 × 3.30 is 3,303,300; with 20,000,000 for the searches times 0.333333 it is 7,767,758.90…
  assert.equal(priced('claude-opus-4-8', usage, { pricing: rows([{}], '0.333333') }).amount, 7_767_759n)
})

test('the string that is sent wins over the id, and the id over the built-in, whatever the order', () => {
  const sent = { model: 'eu.anthropic.claude-opus-4-8', input: '1' }
  const asked = { model: 'corp-opus', input: '2' }
  const builtin = { model: 'claude-opus-4-8', input: '3' }
  const cost = (overrides: readonly Row[]) =>
    inputOf('eu.anthropic.claude-opus-4-8', overrides, { requested: 'corp-opus' })

  for (const all of [
    [sent, asked, builtin],
    [builtin, asked, sent],
    [asked, sent, builtin],
  ])
    assert.equal(cost(all), 1_000_000n)
  assert.equal(cost([builtin, asked]), 2_000_000n)
  assert.equal(cost([builtin]), 3_000_000n)
  assert.equal(cost([]), 5_000_000n)
})

test('names are compared in any case, and a built-in holds in any of its spellings', () => {
  for (const model of [
    ...['CLAUDE-HAIKU-4-5', 'claude-haiku-4-5-20251001', 'claude-haiku-4-5@20251001'],
    'us.anthropic.claude-haiku-4-5-20251001-v1:0',
  ])
    assert.equal(inputOf('Claude-Haiku-4-5-20251001', [{ model, input: '7' }]), 7_000_000n, model)
  assert.equal(inputOf('Corp', [{ model: 'cORP', input: '7' }]), 7_000_000n)
  assert.equal(inputOf('corp', [{ model: 'asked', input: '7' }], { requested: 'Asked' }), 7_000_000n)
  assert.equal(
    inputOf('corp', [{ model: 'own', input: '7' }], { requested: 'OWN[1m]', id: 'own' }),
    7_000_000n,
  )
})

test('a row of another upstream, or of another model, prices nothing here', () => {
  const elsewhere = { upstream: 'vertex-belgium', input: '9' }

  assert.equal(inputOf('claude-opus-4-8', [elsewhere]), 5_000_000n)
  assert.equal(inputOf('claude-opus-4-8', [{ model: 'claude-opus-4-7', input: '9' }]), 5_000_000n)
  assert.equal(inputOf('claude-opus-4-8', [elsewhere], { upstream: 'vertex-belgium' }), 9_000_000n)
})

test('a row gives a price to what has none, whatever the reply calls itself', () => {
  const pricing = rows([{ model: 'corp-model', input: '0.000001' }])
  const usage = usageOf({ input: 1 }, { model: 'claude-opus-4-8' })

  assert.deepEqual(priced('corp-model', usage, { pricing }), { amount: 1n, unknown: [] })
})

test('a deployment with a name of its own keeps its row, or the price of its id, whatever it says it is', () => {
  const usage = usageOf({ input: 1000 }, { model: 'claude-opus-4-5' })
  const id = 'claude-haiku-4-5'

  const pricing = rows([{ model: 'prod-deployment', input: '7' }])
  assert.equal(priced('prod-deployment', usage, { id, pricing }).amount, 7_000_000n)
  assert.equal(priced('prod-deployment', usage, { id }).amount, 1_000_000n)
})

test('a part of another model has that model’s row', () => {
  const pricing = rows([
    { model: 'claude-opus-4-8', input: '1' },
    { model: 'claude-haiku-4-5', input: '2' },
  ])
  const parts = [partOf('claude-haiku-4-5', { input: 1000 }), partOf('claude-opus-4-8', { input: 1000 })]
  const usage = { ...usageOf({}, { model: 'claude-haiku-4-5' }), parts }

  assert.equal(priced('claude-haiku-4-5', usage, { pricing }).amount, 2_000_000n + 1_000_000n)
})
