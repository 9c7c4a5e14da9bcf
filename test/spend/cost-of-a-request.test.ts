// The cost of one request: the worked examples, parts, tiers, and what nobody recognises (M-2, M-27, M-28).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILTIN_MODELS } from '../../app/inference/builtin-models.ts'
import { type PriceOptions, partOf, priced, usageOf } from '../support/prices.ts'

const K = { input: 1000, output: 200 }
const LESS = { pricing: { multiplier: '0.85', overrides: [] } }

function costOf(model: string, tokens: Parameters<typeof usageOf>[0], options?: PriceOptions): bigint {
  return priced(model, usageOf(tokens), options).amount
}

test('the worked examples cost what they cost, to the nano-dollar', () => {
  assert.equal(costOf('claude-opus-4-8', K), 10_000_000n)
  assert.equal(costOf('claude-haiku-4-5', K), 2_000_000n)
  assert.equal(costOf('claude-sonnet-4-6', K), 6_000_000n)
  assert.equal(costOf('claude-never-seen', K), 10_000_000n)
  assert.equal(costOf('claude-opus-4-8', { cache_read: 10_000 }), 5_000_000n)
  assert.equal(costOf('claude-opus-4-8', { cache_write_5m: 10_000 }), 62_500_000n)
  assert.equal(priced('claude-opus-4-8', usageOf({}, { web_searches: 3 })).amount, 30_000_000n)
  assert.equal(costOf('claude-sonnet-4-6', { input: 300_000 }), 900_000_000n)
  assert.equal(costOf('claude-opus-4-8', { input: 1000, output: 7 }), 5_175_000n)
  assert.equal(costOf('claude-haiku-5-5', { cache_read: 1 }, LESS), 9n)
})

test('an amount is rounded up once, at its end, and not for each kind or part', () => {
  const one = partOf('m', { cache_read: 1 })
  const usage = { ...usageOf({}, { model: 'm' }), parts: [one, one, one] }

  // 3 × 10 × 0.85 is 25.5; three roundings would have made it 27.
  assert.equal(priced('claude-haiku-5-5', usage, LESS).amount, 26n)
})

test('the multiplier holds for searches too', () => {
  assert.equal(priced('claude-opus-4-8', usageOf({}, { web_searches: 3 }), LESS).amount, 25_500_000n)
})

test('nothing used costs nothing', () => {
  assert.deepEqual(priced('claude-never-seen', usageOf({})), { amount: 0n, unknown: ['claude-never-seen'] })
})

test('what nobody recognises is never free: it costs 5 in, 25 out, 0.50, 6.25 and 10 for the cache', () => {
  const costs = (['input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h'] as const).map(kind =>
    priced('corp-model', usageOf({ [kind]: 1_000_000 })),
  )

  const unknown = ['corp-model']
  assert.deepEqual(costs, [
    { amount: 5_000_000_000n, unknown },
    { amount: 25_000_000_000n, unknown },
    { amount: 500_000_000n, unknown },
    { amount: 6_250_000_000n, unknown },
    { amount: 10_000_000_000n, unknown },
  ])
})

test('every spelling of a model, by every provider, in any case and in an ARN, has its list price', () => {
  for (const { id, ids, aliases, datedIds } of BUILTIN_MODELS) {
    const listed = priced(id, usageOf(K))
    const { bedrock, bedrockPrefixes, bedrockUsProfile, ...others } = ids
    const profiles = bedrock === null ? [] : bedrockPrefixes.map(prefix => `${prefix}${bedrock}`)
    const arns = profiles.map(
      profile => `arn:aws:bedrock:us-east-1:123456789012:inference-profile/${profile}`,
    )
    const named = [...Object.values(others), bedrock, bedrockUsProfile, ...profiles, ...arns]
    const spellings = [...named, ...aliases, ...datedIds].filter(name => name !== null)

    assert.ok(spellings.length > 1, id)
    assert.deepEqual(listed.unknown, [], id)
    for (const name of [...spellings, ...spellings.map(name => name.toUpperCase())])
      assert.deepEqual(priced(name, usageOf(K)), listed, name)
  }
})

test('where the string that is sent says nothing, the id that it is configured under does', () => {
  const profile = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc'

  assert.deepEqual(priced(profile, usageOf(K), { id: 'claude-haiku-4-5' }), {
    amount: 2_000_000n,
    unknown: [],
  })
  assert.deepEqual(priced('claude-sonnet-4-6', usageOf(K), { id: 'claude-haiku-4-5' }).amount, 6_000_000n)
  assert.deepEqual(priced(profile, usageOf(K), { id: 'corp' }), { amount: 10_000_000n, unknown: [profile] })
})

test('a part of another model has that model’s price; an unnamed one that of the model that was asked for', () => {
  const usage = {
    ...usageOf({}, { model: 'claude-haiku-4-5-20251001' }),
    parts: [
      partOf('claude-haiku-4-5-20251001', K),
      partOf('claude-opus-4-8', K),
      partOf('claude-of-next-year', { input: 1 }),
    ],
  }

  assert.deepEqual(priced('claude-haiku-4-5@20251001', usage), {
    amount: 2_000_000n + 10_000_000n + 5000n,
    unknown: ['claude-of-next-year'],
  })
})

test('a reply that says it is from another known model has that one’s price', () => {
  assert.equal(priced('claude-opus-4-8', usageOf(K, { model: 'claude-sonnet-4-6' })).amount, 6_000_000n)
})

test('what the reply calls itself does not make a price where the string that was sent has none', () => {
  assert.deepEqual(priced('corp-model', usageOf(K, { model: 'claude-haiku-4-5' })), {
    amount: 10_000_000n,
    unknown: ['corp-model'],
  })
})

test('above 100,000 prompt tokens, cache included, every token of the part has the price of the tier', () => {
  const haiku = (tokens: Parameters<typeof usageOf>[0]) => costOf('claude-haiku-5-5', tokens)

  assert.equal(haiku({ input: 100_000, output: 10 }), 10_000_000n + 5000n)
  assert.equal(haiku({ input: 100_001, output: 10 }), 50_000_500n + 25_000n)
  assert.equal(haiku({ output: 100_001 }), 50_000_500n)
  assert.equal(haiku({ input: 1, cache_read: 100_000 }), 500n + 5_000_000n)
  assert.equal(haiku({ cache_write_5m: 50_000, cache_write_1h: 50_001 }), 31_250_000n + 50_001_000n)
  assert.equal(haiku({ input: 123_456 }), 61_728_000n)
})

test('each part has a tier of its own', () => {
  const half = partOf('m', { input: 60_000 })

  const usage = { ...usageOf({}, { model: 'm' }), parts: [half, half] }
  assert.equal(priced('claude-haiku-5-5', usage).amount, 12_000_000n)
})

test('what is added for a place and for a region multiplies', () => {
  const usage = usageOf({ input: 1_000_000 }, { inference_geo: 'us' })

  const { amount } = priced('claude-opus-4-8', usage, { upstream: 'vertex-belgium', regionalPremium: true })
  assert.equal(amount, 6_050_000_000n)
})

test('of Bedrock’s profiles only the global ones are from everywhere', () => {
  const regional = { upstream: 'bedrock', regionalPremium: true }
  const arn = 'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/'
  const cost = (name: string) => priced(name, usageOf({ input: 1000 }), regional).amount

  assert.equal(cost('global.anthropic.claude-opus-4-8'), 5_000_000n)
  assert.equal(cost(`${arn}global.anthropic.claude-opus-4-8`), 5_000_000n)
  assert.equal(cost('eu.anthropic.claude-opus-4-8'), 5_500_000n)
  assert.equal(cost('anthropic.claude-opus-4-8'), 5_500_000n)
  assert.equal(cost(`${arn}eu.anthropic.claude-opus-4-8`), 5_500_000n)
})
