// Whose policy is whose: selection, the base wherever it stands, what is pushed, and who of Claude Desktop's sessions gets it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { modelRule } from '../../app/managed/model-rule.ts'
import { openPolicies, type PolicyConfig } from '../../app/managed/policy-set.ts'
import { catalogOf } from '../support/catalog.ts'

type Policies = NonNullable<PolicyConfig['managed']>['policies']

const LISTEN = { public_url: 'https://g.example.com', hasPublicUrl: true }
const TELEMETRY = {
  forward_to: [{ url: 'https://otel.example.com', metrics: true, logs: false, traces: false }],
  resource_attributes: {},
} as unknown as NonNullable<PolicyConfig['telemetry']> // what a destination needs beyond these, policies do not read
const ROW = {
  upstream: 'main',
  model: 'claude-haiku-4-5',
  input: '1',
  output: '2',
  cache_read: '3',
  cache_write: '4',
}
const PRICING = { multiplier: '0.9', overrides: [ROW] }
const TOLD = {
  multiplier: 0.9,
  overrides: { 'claude-haiku-4-5-20251001': { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 } },
}

const opened = (policies: Policies | null, more: Partial<PolicyConfig> = {}) =>
  openPolicies({ listen: LISTEN, ...(policies !== null && { managed: { policies } }), ...more }, catalogOf())

const STAFF = { email: 'ada@Example.COM', groups: ['staff'] }

test('the first policy whose matchers all hold is selected; without a claim its matcher never holds', () => {
  const set = opened([
    { match: { groups: ['admins'] } },
    { match: { groups: ['staff', 'x'], email_domain: 'lab.example.com' } },
    { match: { email_domain: 'example.com' } },
    { match: { groups: ['staff'] } },
  ])
  const index = (identity: Parameters<typeof set.select>[0]) => set.select(identity)?.index ?? null

  assert.deepEqual(
    [
      STAFF,
      { groups: ['staff'] },
      { email: 'a@b@lab.example.com', groups: ['x'] },
      { groups: ['Staff'] },
      {},
    ].map(index),
    [2, 3, 1, null, null],
  )
  assert.equal(index({ email: 'example.com' }), null)
  assert.equal(index({ email: 'a@example.com.evil.example' }), null)
})

test('the first catch-all is the base of every other policy, wherever it stands', () => {
  const own = { match: { groups: ['staff'] }, code: { language: 'german' } }
  const base = { match: {}, code: { permissions: { deny: ['A'] } } }
  const second = { match: {}, code: { permissions: { deny: ['B'] } } }

  const last = opened([own, base, second])
  const first = opened([base, own])

  assert.deepEqual(last.select(STAFF)?.settings, { permissions: { deny: ['A'] }, language: 'german' })
  assert.deepEqual([last.select({})?.index, last.select({})?.baseIndex], [1, null])
  assert.deepEqual([first.select(STAFF)?.index, first.select(STAFF)?.settings], [0, base.code])
})

test('whom no policy matches gets nothing, also where telemetry and prices would be pushed', () => {
  const more = { telemetry: TELEMETRY, pricing: PRICING }

  for (const policies of [[], [{ match: { groups: ['nobody'] } }]])
    assert.equal(opened(policies, more).served(STAFF), null)
  const alone = opened(null, more).served(STAFF)
  assert.deepEqual([alone?.policy, Object.keys(alone?.document.settings ?? {})], [null, ['env']])
  assert.equal(opened(null, { pricing: PRICING }).served(STAFF), null)
})

test('prices are pushed into every policy that does not set the key', () => {
  const pricing = (settings: object) =>
    opened([{ match: {}, code: settings as Record<string, never> }], { pricing: PRICING }).served({})
      ?.document.settings['modelPricing']

  assert.deepEqual([pricing({}), pricing({ modelPricing: {} })], [TOLD, {}])
  assert.deepEqual(pricing({ modelPricing: { multiplier: 2 } }), { multiplier: 2 })
})

test('what is pushed lies below base and policy, and gives no document to Desktop', () => {
  const env = { OTEL_METRICS_EXPORTER: 'none', MINE: '1' }
  const set = opened([{ match: { groups: ['staff'] } }, { match: {}, code: { env } }], {
    telemetry: TELEMETRY,
  })
  const empty = opened([{ match: {}, code: {} }], { telemetry: TELEMETRY })

  assert.deepEqual(set.served(STAFF)?.document.settings['env'], {
    CLAUDE_CODE_ENABLE_TELEMETRY: '1',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://g.example.com',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    MINE: '1',
  })
  assert.equal(empty.select({})?.isServedToDesktop, false)
})

test('code of the base counts for its heirs in Desktop; serve_to_desktop is the selected policy’s own', () => {
  const desktopOf = (...policies: Policies) => opened(policies).select(STAFF)?.isServedToDesktop
  const heir = { match: { groups: ['staff'] } }
  const cli = { verbose: true }

  assert.equal(desktopOf(heir, { match: {}, code: cli }), true)
  assert.equal(desktopOf(heir, { match: {}, cli, serve_to_desktop: true }), false)
  assert.equal(desktopOf({ ...heir, cli, serve_to_desktop: true }, { match: {}, cli }), true)
  assert.equal(desktopOf({ ...heir, settings: cli, serve_to_desktop: false }, { match: {} }), false)
  assert.equal(desktopOf({ ...heir, serve_to_desktop: true }), false)
})

test('of cli and settings in one policy cli is served alone', () => {
  const set = opened([{ match: {}, cli: { verbose: true }, settings: { model: 'opus' } }])

  assert.deepEqual(set.served({})?.document.settings, { verbose: true })
})

const entry = fc.constantFrom(
  'opus',
  'sonnet',
  'claude-opus-4-8',
  'claude-opus-5-20991231',
  'claude-sonnet',
  'best',
  'haiku',
)
const lists = fc.record(
  {
    deniedModels: fc.array(entry),
    availableModels: fc.array(entry),
    availableModelsMatch: fc.constant('exact'),
  },
  { requiredKeys: [] },
)

test('no policy can get a model back that its base denies', () => {
  const models = catalogOf().list()
  fc.assert(
    fc.property(lists, lists, (base, own) => {
      const set = opened([
        { match: { groups: ['staff'] }, code: own },
        { match: {}, code: base },
      ])
      const effective = modelRule(set.select(STAFF)?.settings ?? {})
      for (const model of models) {
        if (modelRule(base)(model)?.key === 'deniedModels')
          assert.equal(effective(model)?.key, 'deniedModels', model.id)
      }
    }),
  )
})
