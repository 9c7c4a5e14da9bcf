// Prices that are valid, and will not do what their author may expect: each warning once, at its place.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinNames } from '../../app/inference/model-names.ts'
import { priceWarnings } from '../../app/managed/price-warnings.ts'
import { fileWith, warningsOf } from '../support/config-text.ts'

const UNKNOWN = 'has no known price: it counts as 5 USD in and 25 USD out per million tokens.'
const IDLE = 'prices nothing: this upstream is asked for no such model, or another row fits better.'

const MODELS = `models:
  - { id: claude-haiku-4-5, upstream_model: { anthropic: claude-haiku-4-5 } }
  - { id: corp, upstream_model: { anthropic: corp-internal-7 } }
  - { id: fast, upstream_model: { anthropic: claude-opus-5 } }
  - { id: claude-mythos-5, upstream_model: { anthropic: the-secret-one } }`

const METRICS = 'gatehouse: { observability: { prometheus: { port: 9464 } } }'

/** The warnings about models and prices of a file with these rows. */
function told(
  models: readonly string[],
  more: Readonly<Record<string, string>> = { gatehouse: METRICS },
): string[] {
  const rates = 'input: 1, output: 2, cache_read: 3, cache_write: 4'
  const rows = models.map(model => `{ upstream: anthropic, model: ${model}, ${rates} }`)
  const pricing = rows.length === 0 ? '' : `pricing: { overrides: [${rows.join(', ')}] }`
  const text = fileWith({ models: MODELS, pricing, ...more })
  const lines = warningsOf(text, { judgePolicies: priceWarnings, builtins: builtinNames() })
  return lines.filter(line => /^(models|pricing)/.test(line)).map(line => line.replace(/ \(line .*/, ''))
}

test('a mapping whose string nobody recognises is named, where costs are counted', () => {
  assert.deepEqual(told([]), [
    `models[1].upstream_model.anthropic: ${UNKNOWN} Add a row for it to pricing.overrides.`,
  ])
  const admin = 'admin: { write_keys: [{ id: a, key: "${JWT}" }] }'
  assert.equal(told([], { admin }).length, 1)
  assert.deepEqual(told([], {}), [])
})

test('a row for the string, for the id, or for neither: the first two mend it', () => {
  assert.deepEqual(told(['corp-internal-7']), [])
  assert.deepEqual(told(['CORP']), [])
})

test('a row that no request can use is named', () => {
  const fix = 'Correct model or upstream, or remove the row.'

  const lines = told(['corp', 'claude-opus-9', 'corp-internal-7', 'us.anthropic.claude-sonnet-5'])

  assert.deepEqual(lines, [`pricing.overrides[0]: ${IDLE} ${fix}`, `pricing.overrides[1]: ${IDLE} ${fix}`])
})
