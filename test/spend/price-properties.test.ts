// What holds for the cost of any reply.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BUILTIN_MODELS } from '../../app/inference/builtin-models.ts'
import type { Usage } from '../../app/spend/pricing.ts'
import { type PriceOptions, priced } from '../support/prices.ts'

type Part = Usage['parts'][number]

const KINDS = ['input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h'] as const

const count = fc.oneof(fc.nat(20), fc.nat(300_000), fc.maxSafeNat())
const model = fc.constantFrom(...BUILTIN_MODELS.map(({ id }) => id), 'corp-model')
const part = (of: fc.Arbitrary<string>): fc.Arbitrary<Part> =>
  fc.record({
    model: of,
    ...{ input: count, output: count, cache_read: count, cache_write_5m: count, cache_write_1h: count },
  })
const facts = {
  served_model: model,
  web_searches: fc.nat(50),
  speed: fc.constantFrom(null, 'standard', 'fast'),
  inference_geo: fc.constantFrom(null, 'us', 'global'),
}
const decimal = fc
  .tuple(fc.nat(9), fc.nat(999_999))
  .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(6, '0')}`)
  .filter(text => !/^0\.0+$/.test(text))
const options: fc.Arbitrary<PriceOptions> = fc.record({
  upstream: fc.constantFrom('main', 'vertex-belgium'),
  regionalPremium: fc.boolean(),
  pricing: fc.record({
    multiplier: decimal,
    overrides: fc.array(
      fc.record({
        upstream: fc.constant('main'),
        ...{ model, input: decimal, output: decimal, cache_read: decimal, cache_write: decimal },
      }),
      { maxLength: 3 },
    ),
  }),
})

const reply = fc.record({ ...facts, parts: fc.array(part(model), { maxLength: 5 }) })

test('more tokens of any kind, or more searches, never cost less', () => {
  fc.assert(
    fc.property(
      reply,
      model,
      options,
      fc.constantFrom(...KINDS),
      fc.nat(200_000),
      (usage, sent, at, kind, more) => {
        const parts = usage.parts.map((each, index) =>
          index === 0 ? { ...each, [kind]: Math.min(each[kind] + more, Number.MAX_SAFE_INTEGER) } : each,
        )

        const before = priced(sent, usage, at).amount
        assert.ok(priced(sent, { ...usage, parts }, at).amount >= before)
        assert.ok(priced(sent, { ...usage, web_searches: usage.web_searches + 1 }, at).amount > before)
      },
    ),
  )
})

test('the parts of a reply may come in any order, and cost together what they cost apart, but for the rounding', () => {
  fc.assert(
    fc.property(reply, model, options, (usage, sent, at) => {
      const whole = priced(sent, usage, at).amount
      const apart = [
        priced(sent, { ...usage, parts: [] }, at),
        ...usage.parts.map(each => priced(sent, { ...usage, web_searches: 0, parts: [each] }, at)),
      ]
      const sum = apart.reduce((total, { amount }) => total + amount, 0n)

      assert.equal(priced(sent, { ...usage, parts: usage.parts.toReversed() }, at).amount, whole)
      assert.ok(whole <= sum)
      assert.ok(sum - whole <= BigInt(usage.parts.length))
    }),
  )
})

test('no reply that used anything is free, and no cost is negative', () => {
  fc.assert(
    fc.property(reply, model, options, (usage, sent, at) => {
      const used = [usage.web_searches, ...usage.parts.flatMap(each => KINDS.map(kind => each[kind]))]

      assert.equal(
        priced(sent, usage, at).amount > 0n,
        used.some(tokens => tokens > 0),
      )
    }),
  )
})

test('counts up to the largest that JSON can say exactly are priced exactly', () => {
  const part = { model: 'm', output: Number.MAX_SAFE_INTEGER }
  const usage = { ...{ served_model: 'm', web_searches: 0, speed: null, inference_geo: null } }
  const nothing = { input: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0 }

  // 9,007,199,254,740,991 × 75,000
  assert.equal(
    priced('claude-opus-4-1', { ...usage, parts: [{ ...nothing, ...part }] }).amount,
    675_539_944_105_574_325_000n,
  )
})
