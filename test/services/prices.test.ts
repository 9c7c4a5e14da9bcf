// What replies cost by the file's prices and by the list, and what is said of models that have no price.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCatalog } from '../../app/inference/open-catalog.ts'
import { openPrices } from '../../app/services/recording.ts'
import { fileWith, judge } from '../support/config-text.ts'
import { usageOf } from '../support/prices.ts'
import { recordLog } from '../support/recorded-log.ts'

const ROW = 'upstream: anthropic, model: house, input: 1, output: 2, cache_read: 3, cache_write: 4'

test('a model with a row of its own has that price, and nobody is told that the list has none', () => {
  const file = fileWith({
    admin: 'admin: { write_keys: [{ id: a, key: "${JWT}" }] }',
    models:
      'models: [{ id: house, upstream_model: { anthropic: house-7 } }, { id: other, upstream_model: { anthropic: other-7 } }]',
    pricing: `pricing: { overrides: [{ ${ROW} }] }`,
  })
  const result = judge(file)
  assert.ok(result.kind === 'loaded')
  const { config } = result
  const log = recordLog()
  const { costOf, listOf } = openPrices({ config, catalog: openCatalog(config), log })
  const record = (name: string) => ({
    ...{ request_id: 'r', upstream: 'anthropic', upstream_model: `${name}-7`, client_model: name },
    ...{ sub: 's', aborted: false, estimated: false, load_test: false, ...usageOf({ input: 1_000_000 }) },
    ...{ parts: usageOf({ input: 1_000_000 }).parts.map(part => ({ ...part, model: `${name}-7` })) },
    served_model: `${name}-7`,
  })

  const house = record('house')
  const other = record('other')
  const amounts = [house, other].map(of => [costOf(of).amount, listOf(of).amount])

  assert.deepEqual(amounts, [
    [1_000_000_000n, 5_000_000_000n],
    [5_000_000_000n, 5_000_000_000n],
  ])
  assert.deepEqual(log.lines, [
    'warn a model has no known price: it counts as 5 USD in and 25 USD out per million tokens {"upstream":"anthropic","model":"other-7"}',
  ])
})
