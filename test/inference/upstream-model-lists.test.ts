import assert from 'node:assert/strict'
import { test } from 'node:test'
import { catalogOf, routesTo } from '../support/catalog.ts'

/** Reports whether an upstream with this list takes what `requested` names. */
function takes(list: readonly string[], requested: string): boolean {
  const models = [{ id: 'Corp', upstream_model: { main: 'claude-sonnet-5' } }]
  return catalogOf({ models, upstreams: { main: list } }).resolve(requested) !== null
}

test('an entry is compared with what was sent and with the names of the built-in, in any case', () => {
  const rows: [entry: string, requested: string, expected: boolean][] = [
    ['claude-sonnet-5', 'claude-sonnet-5', true],
    ['CLAUDE-SONNET-5', 'us.anthropic.claude-sonnet-5', true],
    ['claude-haiku-4-5', 'claude-haiku-4-5-20251001', true],
    ['claude-haiku-4-5-20251001', 'claude-haiku-4-5@20251001', true],
    ['us.anthropic.claude-sonnet-5', 'us.anthropic.claude-sonnet-5', true],
    ['us.anthropic.claude-sonnet-5', 'claude-sonnet-5', false],
    ['corp', 'CORP', true],
    ['corp', 'corp[1m]', true],
    ['claude-sonnet-5', 'claude-sonnet-5[1M]', true],
  ]

  for (const [entry, requested, expected] of rows)
    assert.equal(takes([entry], requested), expected, `${entry} ← ${requested}`)
})

test('there is no prefix and no family rule, and ids sent upstream do not count', () => {
  assert.equal(takes(['claude-sonnet-5'], 'claude-sonnet-5-5'), false)
  assert.equal(takes(['opus'], 'claude-opus-5'), false)
  assert.equal(takes(['claude-sonnet-5'], 'corp'), false)
})

test('one * stands for any run of characters, none included', () => {
  assert.equal(takes(['claude-sonnet-*'], 'claude-sonnet-5-5'), true)
  assert.equal(takes(['claude-sonnet-5*'], 'claude-sonnet-5'), true)
  assert.equal(takes(['*-5'], 'claude-opus-4-8'), false)
  assert.equal(takes(['claude-*-5'], 'claude-opus-5'), true)
  assert.equal(takes(['*haiku-4-5*5'], 'claude-haiku-4-5'), false)
  assert.equal(takes(['*'], 'corp'), true)
  assert.equal(takes(['us.anthropic.*'], 'claude-opus-5'), false)
  assert.equal(takes(['us.anthropic.*'], 'us.anthropic.claude-opus-5'), true)
})

test('an excluded upstream is left out of the walk, and the order is that of the file', () => {
  const upstreams = { first: ['claude-opus-*'], second: null, third: ['claude-sonnet-5', 'claude-opus-5'] }
  const catalog = catalogOf({ upstreams })

  assert.deepEqual(
    routesTo(catalog, 'claude-opus-5'),
    ['first', 'second', 'third'].map(name => `${name}:claude-opus-5`),
  )
  assert.deepEqual(routesTo(catalog, 'claude-sonnet-5'), ['second:claude-sonnet-5', 'third:claude-sonnet-5'])
})

test('a list holds for a configured built-in too: upstream_model changes the id, not the walk', () => {
  const models = [{ id: 'claude-opus-5', upstream_model: { first: 'mine' } }]
  const catalog = catalogOf({ models, upstreams: { first: ['claude-sonnet-5'], second: null } })

  assert.deepEqual(routesTo(catalog, 'claude-opus-5'), ['second:claude-opus-5'])
})
