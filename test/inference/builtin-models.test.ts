import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILTIN_MODELS } from '../../app/inference/builtin-models.ts'

const idsOf = (role: string) => BUILTIN_MODELS.filter(model => model.role === role).map(({ id }) => id)

test('the table holds the known models in the order of listing', () => {
  assert.deepEqual(idsOf('catalog'), [
    ...['claude-opus-4-6', 'claude-sonnet-4-5-20250929', 'claude-haiku-4-5-20251001', 'claude-fable-5-2'],
    ...['claude-fable-5-1', 'claude-fable-5', 'claude-opus-5-5', 'claude-opus-5', 'claude-opus-4-8'],
    ...['claude-opus-4-7', 'claude-opus-4-1-20250805', 'claude-sonnet-5-5', 'claude-sonnet-5'],
    ...['claude-sonnet-4-6', 'claude-haiku-5-5'],
  ])
  assert.deepEqual(idsOf('hidden'), [
    ...['claude-opus-4-5-20251101', 'claude-3-7-sonnet-20250219', 'claude-3-5-haiku-20241022'],
  ])
  assert.deepEqual(idsOf('price_only'), [
    ...['claude-mythos-5-2', 'claude-mythos-5-1', 'claude-mythos-5', 'claude-sonnet-4-20250514'],
    'claude-opus-4-20250514',
  ])
  assert.equal(BUILTIN_MODELS.length, 23)
})

test('no spelling belongs to two models', () => {
  const spellings = BUILTIN_MODELS.flatMap(({ id, aliases, datedIds }) => [
    ...new Set([id, ...aliases, ...datedIds]),
  ])

  assert.equal(new Set(spellings).size, spellings.length)
  assert.deepEqual(
    spellings.filter(name => name !== name.toLowerCase()),
    [],
  )
})

test('every price is a decimal of at most six places, and every row says where it comes from and when', () => {
  for (const { id, prices, usGeoMultiplier, regionalMultiplier, sources, asOf } of BUILTIN_MODELS) {
    const { fast, tiers = [], ...list } = prices
    const { providers, confidence, ...fastRates } = fast ?? { providers: [], confidence: '' }
    const tierRates = tiers.flatMap(({ promptTokensAbove, ...rates }) => Object.values(rates))
    const rates = [...Object.values(list), ...Object.values(fastRates), ...tierRates]
    const decimals = [...rates, usGeoMultiplier ?? '1', regionalMultiplier ?? '1']

    for (const text of decimals) assert.match(text, /^(0|[1-9]\d*)(\.\d{1,6})?$/, id)
    assert.ok(sources.length > 0, id)
    assert.match(asOf, /^\d{4}-\d\d-\d\d$/, id)
  }
})

test('the ids of providers are those of their documentation', () => {
  const haiku = BUILTIN_MODELS.find(({ id }) => id === 'claude-haiku-4-5-20251001')

  assert.deepEqual(haiku?.ids, {
    anthropic: 'claude-haiku-4-5-20251001',
    anthropicAws: 'claude-haiku-4-5-20251001',
    bedrock: 'anthropic.claude-haiku-4-5-20251001-v1:0',
    bedrockUsProfile: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
    bedrockPrefixes: ['global.', 'us.', 'eu.', 'jp.', 'au.', 'in.'],
    vertex: 'claude-haiku-4-5@20251001',
    foundry: 'claude-haiku-4-5',
    mantle: 'anthropic.claude-haiku-4-5',
  })
})

test('Haiku 5.5 has a second price above 100,000 prompt tokens', () => {
  const haiku = BUILTIN_MODELS.find(({ id }) => id === 'claude-haiku-5-5')

  assert.deepEqual(haiku?.prices, {
    ...{ input: '0.1', output: '0.5', cacheWrite5m: '0.125', cacheWrite1h: '0.2', cacheRead: '0.01' },
    tiers: [
      {
        promptTokensAbove: 100_000,
        ...{ input: '0.5', output: '2.5', cacheWrite5m: '0.625', cacheWrite1h: '1', cacheRead: '0.05' },
      },
    ],
  })
})
