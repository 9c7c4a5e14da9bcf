// The prices that clients are told: one row for each model whose first upstream has a price of its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PricingConfig } from '../../app/config/pricing.ts'
import { modelPricing } from '../../app/managed/model-pricing.ts'
import { catalogOf } from '../support/catalog.ts'

const RATES = { input: '3.30', output: '16.5', cache_read: '0.33', cache_write: '4.125' }
const TOLD = { input: 3.3, output: 16.5, cacheRead: 0.33, cacheWrite: 4.125 }
const DEAR = { input: '9', output: '9', cache_read: '9', cache_write: '9' }

const MODELS = [
  { id: 'claude-haiku-4-5' },
  { id: 'corp', upstream_model: { main: 'us.anthropic.claude-opus-5', other: 'claude-haiku-4-5' } },
  { id: 'elsewhere', upstream_model: { other: 'claude-opus-5' } },
]

/** The told rows, for upstreams `main` and `other`. */
function told(overrides: (Partial<PricingConfig['overrides'][number]> & { model: string })[], auto = false) {
  const catalog = catalogOf({ models: MODELS, auto, upstreams: { main: null, other: null } })
  const rows = overrides.map(row => ({ upstream: 'main', ...RATES, ...row }))
  return modelPricing({ multiplier: '1', overrides: rows }, catalog)?.['overrides'] ?? null
}

test('a built-in has one row, under its dated id, however the row spells it', () => {
  for (const model of [
    'claude-haiku-4-5',
    'CLAUDE-HAIKU-4-5-20251001',
    'us.anthropic.claude-haiku-4-5-20251001-v1:0',
  ])
    assert.deepEqual(told([{ model }]), { 'claude-haiku-4-5-20251001': TOLD }, model)
})

test('a model of the operator’s own has the price of what its first upstream is asked for', () => {
  assert.deepEqual(told([{ model: 'claude-opus-5' }]), { corp: TOLD })
  assert.deepEqual(told([{ model: 'US.anthropic.claude-opus-5' }]), { corp: TOLD })
  assert.deepEqual(told([{ model: 'Corp' }]), { corp: TOLD })
  assert.deepEqual(told([{ model: 'claude-opus-5', upstream: 'other' }]), { elsewhere: TOLD })
})

test('what another upstream calls it prices nothing', () => {
  assert.deepEqual(told([{ model: 'claude-haiku-4-5' }]), { 'claude-haiku-4-5-20251001': TOLD })
  assert.deepEqual(told([{ model: 'claude-haiku-4-5', upstream: 'other' }]), null)
})

test('the most specific row wins, whatever the order: the string that is sent, the id, the built-in', () => {
  const sent = { model: 'us.anthropic.claude-opus-5' }
  const builtin = { model: 'claude-opus-5', ...DEAR }

  assert.deepEqual(told([builtin, sent]), { corp: TOLD })
  assert.deepEqual(told([{ model: 'corp', ...DEAR }, sent]), { corp: TOLD })
  assert.deepEqual(told([builtin, { model: 'corp' }]), { corp: TOLD })
})

test('a factor of 1 and no rows is nothing to tell', () => {
  const catalog = catalogOf()
  const of = (multiplier: string) => modelPricing({ multiplier, overrides: [] }, catalog)

  assert.deepEqual([of('1'), of('1.0'), of('0.85')], [null, null, { multiplier: 0.85 }])
  assert.equal(modelPricing(undefined, catalog), null)
})
