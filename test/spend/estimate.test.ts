import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PricingSection } from '../../app/config/pricing.ts'
import { type Asked, estimatedCost } from '../../app/spend/estimate.ts'
import { type PriceOptions, pricingOf } from '../support/prices.ts'

/** 1000 bytes for 200 tokens unless `asked` says something else; 4096 tokens are reserved at most. */
function estimateOf(model: string, asked: Partial<Asked> = {}, options: PriceOptions = {}): bigint {
  const pricing = pricingOf(options)
  const { upstream = 'main', requested = model, id = model } = options
  const price = pricing.price({ upstream, sentAs: model, requested, id })
  return estimatedCost(
    { bodyBytes: 1000, maxTokens: 200, contextWindow: 200_000, ...asked },
    { price, multiplier: pricing.multiplier, outputTokens: 4096 },
  )
}

test('the body counts as a cache write, four bytes a token, and the answer as long as it may be', () => {
  // 250 × 6.25 USD + 200 × 25 USD per million tokens.
  assert.equal(estimateOf('claude-opus-4-8'), 6_562_500n)
  // The last token has one byte: 251 × 6.25 USD.
  assert.equal(estimateOf('claude-opus-4-8', { bodyBytes: 1001 }), 6_568_750n)
})

test('no more is held for an answer than the configuration says, whatever max_tokens is', () => {
  const held = 250n * 6250n + 4096n * 25_000n

  assert.equal(estimateOf('claude-opus-4-8', { maxTokens: 64_000 }), held)
  assert.equal(estimateOf('claude-opus-4-8', { maxTokens: null }), held)
})

test('a body that is longer than the window costs as much as the window', () => {
  assert.equal(estimateOf('claude-opus-4-8', { bodyBytes: 9_000_000 }), 200_000n * 6250n + 5_000_000n)
  assert.equal(
    estimateOf('claude-opus-4-8', { bodyBytes: 9_000_000, contextWindow: null }),
    2_250_000n * 6250n + 5_000_000n,
  )
})

test('a long prompt is held at the price of long prompts', () => {
  const asked = { maxTokens: 1, contextWindow: 1_000_000 }

  assert.equal(estimateOf('claude-haiku-5-5', { ...asked, bodyBytes: 400_000 }), 100_000n * 125n + 500n)
  assert.equal(estimateOf('claude-haiku-5-5', { ...asked, bodyBytes: 400_001 }), 100_001n * 625n + 2500n)
})

test('the operator’s own prices and multiplier hold for what is reserved too', () => {
  const row = { upstream: 'main', model: 'claude-opus-4-8', input: '4', output: '20', cache_read: '0.4' }
  const cheapWrite = PricingSection.parse({ overrides: [{ ...row, cache_write: '1' }] })
  const scaled = PricingSection.parse({ multiplier: '0.85', overrides: [{ ...row, cache_write: '5' }] })

  assert.equal(estimateOf('claude-opus-4-8', {}, { pricing: cheapWrite }), 250n * 4000n + 200n * 20_000n)
  // (250 × 5 USD + 200 × 20 USD) × 0.85
  assert.equal(estimateOf('claude-opus-4-8', {}, { pricing: scaled }), 4_462_500n)
})

test('nothing is held for nothing: the smallest request holds a billionth of a dollar', () => {
  const pricing = PricingSection.parse({
    multiplier: '0.000001',
    overrides: [
      {
        upstream: 'main',
        model: 'tiny',
        input: '0.000001',
        output: '0.000001',
        cache_read: '1',
        cache_write: '0.000001',
      },
    ],
  })

  assert.equal(estimateOf('tiny', { bodyBytes: 2, maxTokens: 1 }, { pricing }), 1n)
})
