import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILTIN_MODELS } from '../../app/inference/builtin-models.ts'
import { builtinFor, builtinNames } from '../../app/inference/model-names.ts'
import { catalogOf, routesTo } from '../support/catalog.ts'

/** Every spelling of every built-in that is served without configuration, by the id it leads to. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  'claude-opus-4-6': [
    'anthropic.claude-opus-4-6-v1',
    'us.anthropic.claude-opus-4-6-v1',
    'apac.anthropic.claude-opus-4-6',
  ],
  'claude-sonnet-4-5-20250929': [
    ...['claude-sonnet-4-5', 'claude-sonnet-4-5@20250929', 'anthropic.claude-sonnet-4-5'],
    ...['anthropic.claude-sonnet-4-5-20250929-v1:0', 'global.anthropic.claude-sonnet-4-5-20250929-v1'],
  ],
  'claude-haiku-4-5-20251001': [
    ...['claude-haiku-4-5', 'claude-haiku-4-5@20251001', 'anthropic.claude-haiku-4-5'],
    ...['in.anthropic.claude-haiku-4-5-20251001-v1:0', 'anthropic.claude-haiku-4-5-v1:0'],
  ],
  'claude-fable-5-2': ['us.anthropic.claude-fable-5-2'],
  'claude-fable-5-1': ['us.anthropic.claude-fable-5-1'],
  'claude-fable-5': ['eu.anthropic.claude-fable-5'],
  'claude-opus-5-5': ['jp.anthropic.claude-opus-5-5'],
  'claude-opus-5': ['anthropic.claude-opus-5-v1:0'],
  'claude-opus-4-8': ['anthropic.claude-opus-4-8'],
  'claude-opus-4-7': ['us-gov.anthropic.claude-opus-4-7'],
  'claude-opus-4-1-20250805': [
    ...['claude-opus-4-1', 'claude-opus-4-1@20250805', 'us.anthropic.claude-opus-4-1-20250805-v1:0'],
  ],
  'claude-sonnet-5-5': ['au.anthropic.claude-sonnet-5-5'],
  'claude-sonnet-5': ['anthropic.claude-sonnet-5'],
  'claude-sonnet-4-6': ['us.anthropic.claude-sonnet-4-6'],
  'claude-haiku-5-5': ['anthropic.claude-haiku-5-5'],
  'claude-opus-4-5-20251101': [
    ...['claude-opus-4-5', 'claude-opus-4-5@20251101', 'eu.anthropic.claude-opus-4-5-20251101-v1:0'],
  ],
  'claude-3-7-sonnet-20250219': [
    ...['claude-3-7-sonnet', 'claude-3-7-sonnet@20250219', 'apac.anthropic.claude-3-7-sonnet-20250219-v1:0'],
  ],
  'claude-3-5-haiku-20241022': [
    ...['claude-3-5-haiku', 'claude-3-5-haiku@20241022', 'us.anthropic.claude-3-5-haiku-20241022-v1:0'],
  ],
}

test('every spelling of a built-in leads to it, in any case and with [1m]', () => {
  const catalog = catalogOf()

  for (const [id, spellings] of Object.entries(SPELLINGS)) {
    const idOnTheUpstream = [`main:${id}`]
    for (const spelling of [id, ...spellings]) {
      for (const form of [spelling, spelling.toUpperCase(), `${spelling}[1m]`, `${spelling}[1M]`]) {
        assert.deepEqual(routesTo(catalog, form), idOnTheUpstream, form)
        assert.deepEqual(catalog.identify(form), { id, names: [id], sentAs: [] }, form)
      }
    }
  }
})

test('the table of spellings names every built-in that is served', () => {
  const served = BUILTIN_MODELS.filter(({ role }) => role !== 'price_only').map(({ id }) => id)

  assert.deepEqual(Object.keys(SPELLINGS), served)
})

test('every spelling that the configuration is compared with leads to its model', () => {
  for (const { id, names } of builtinNames()) {
    for (const name of [id, ...names]) assert.equal(builtinFor(name)?.id, id, name)
  }
})

test('no other spelling leads anywhere', () => {
  const catalog = catalogOf()
  const spellings = [
    ...['opus', 'sonnet', 'haiku', 'fable', 'claude', 'claude-opus', 'default', 'best', '*', ''],
    ...[
      'claude-sonnet-4-5-20250930',
      'claude-sonnet-4-5@20250930',
      'claude-opus-5-20260724',
      'claude-opus-5@20260724',
    ],
    ...[
      'anthropic.claude-sonnet-4-5@20250929',
      'anthropic.claude-opus-5-v2:0',
      'anthropic.claude-opus-5-v1:1',
    ],
    ...['us.claude-opus-5', 'claude-opus-5-v1:0', 'a.b.anthropic.claude-opus-5', 'anthropic.', '[1m]'],
    ...[
      'claude-opus-5[1m][1m]',
      'claude-opus-5[2m]',
      ' claude-opus-5',
      'claude-opus-5-1',
      'anthropic/claude-opus-5',
    ],
  ]

  for (const spelling of spellings) assert.equal(catalog.resolve(spelling), null, spelling)
})

test('a model that is known for its price only is served when it is configured', () => {
  const models = BUILTIN_MODELS.filter(({ role }) => role === 'price_only').map(({ id }) => ({ id }))
  const configured = catalogOf({ models })
  const plain = catalogOf()

  for (const { id } of models) {
    assert.equal(plain.resolve(id), null, id)
    assert.deepEqual(routesTo(configured, id), [`main:${id}`], id)
  }
  assert.deepEqual(routesTo(configured, 'claude-opus-4-0'), ['main:claude-opus-4-20250514'])
  assert.deepEqual(plain.identify('CLAUDE-SONNET-4[1m]'), {
    id: 'claude-sonnet-4-20250514',
    names: ['claude-sonnet-4-20250514'],
    sentAs: [],
  })
})

test('what nobody knows is judged under the name that was sent', () => {
  assert.deepEqual(catalogOf().identify('Corp-X'), { id: 'Corp-X', names: ['Corp-X'], sentAs: [] })
})
