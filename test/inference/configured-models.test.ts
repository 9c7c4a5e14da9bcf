import assert from 'node:assert/strict'
import { test } from 'node:test'
import { catalogOf, routesTo } from '../support/catalog.ts'

test('a configured id is found in any case, and sent as upstream_model says', () => {
  const catalog = catalogOf({ models: [{ id: 'Corp-Sonnet', upstream_model: { main: 'claude-sonnet-5' } }] })

  for (const id of ['Corp-Sonnet', 'corp-sonnet', 'CORP-SONNET', 'corp-sonnet[1m]']) {
    assert.deepEqual(routesTo(catalog, id), ['main:claude-sonnet-5'], id)
  }
  assert.deepEqual(catalog.identify('corp-sonnet'), {
    id: 'Corp-Sonnet',
    names: ['Corp-Sonnet', 'claude-sonnet-5'],
    sentAs: ['claude-sonnet-5'],
  })
})

test('an upstream without an id for a custom model is skipped; a custom model without any is unknown', () => {
  const upstreams = { first: null, second: null }
  const models = [{ id: 'corp', upstream_model: { second: 'x' } }, { id: 'nowhere' }]
  const catalog = catalogOf({ models, upstreams })

  assert.deepEqual(routesTo(catalog, 'corp'), ['second:x'])
  assert.equal(catalog.resolve('nowhere'), null)
})

test('a configured built-in draws every spelling of it, and keeps the default where nothing is mapped', () => {
  const upstreams = { first: null, second: null }
  const models = [{ id: 'claude-haiku-4-5', upstream_model: { first: 'mine' } }]
  const catalog = catalogOf({ models, upstreams, auto: false })

  for (const id of [
    'claude-haiku-4-5-20251001',
    'claude-haiku-4-5@20251001',
    'us.anthropic.claude-haiku-4-5-20251001-v1:0',
  ]) {
    assert.deepEqual(routesTo(catalog, id), ['first:mine', 'second:claude-haiku-4-5-20251001'], id)
  }
  assert.equal(catalog.resolve('claude-opus-5'), null)
})

test('the first of repeated ids wins; a literal id wins over another spelling of the same built-in', () => {
  const catalog = catalogOf({
    models: [
      { id: 'claude-haiku-4-5', upstream_model: { main: 'a' } },
      { id: 'CLAUDE-HAIKU-4-5', upstream_model: { main: 'b' } },
      { id: 'claude-haiku-4-5-20251001', upstream_model: { main: 'c' } },
    ],
  })

  assert.deepEqual(routesTo(catalog, 'claude-haiku-4-5'), ['main:a'])
  assert.deepEqual(routesTo(catalog, 'claude-haiku-4-5-20251001'), ['main:c'])
  assert.deepEqual(routesTo(catalog, 'claude-haiku-4-5@20251001'), ['main:a'])
})

test('a listed id that ends in [1m] stands for itself and draws nothing else', () => {
  const models = [
    { id: 'corp-sonnet', upstream_model: { main: 'short' } },
    { id: 'corp-sonnet[1m]', upstream_model: { main: 'long' } },
    { id: 'claude-opus-5[1m]', upstream_model: { main: 'long-opus' } },
  ]
  const catalog = catalogOf({ models })

  assert.deepEqual(routesTo(catalog, 'corp-sonnet'), ['main:short'])
  assert.deepEqual(routesTo(catalog, 'CORP-SONNET[1M]'), ['main:long'])
  assert.deepEqual(routesTo(catalog, 'claude-opus-5[1m]'), ['main:long-opus'])
  assert.deepEqual(routesTo(catalog, 'claude-opus-5'), ['main:claude-opus-5'])
  assert.deepEqual(catalog.identify('claude-opus-5[1m]').names, ['claude-opus-5[1m]', 'claude-opus-5'])
})

test('without auto_include_builtin_models only configured models exist', () => {
  const catalog = catalogOf({ auto: false })

  assert.equal(catalog.resolve('claude-opus-5'), null)
  assert.deepEqual(catalog.list(), [])
})

test('an upstream that does not offer a built-in is skipped', () => {
  const catalog = catalogOf({ defaultId: model => model.ids.mantle })

  assert.equal(catalog.resolve('claude-opus-4-6'), null)
  assert.deepEqual(routesTo(catalog, 'claude-opus-5'), ['main:anthropic.claude-opus-5'])
})

test('more spellings than are remembered still resolve', () => {
  const catalog = catalogOf()

  for (let index = 0; index < 3000; index++) {
    const prefix = [...String(index)].map(digit => 'abcdefghij'[Number(digit)]).join('')
    assert.deepEqual(routesTo(catalog, `${prefix}.anthropic.claude-opus-5`), ['main:claude-opus-5'])
  }
})
