// Which models a gateway in front of Vertex offers, and under which ids it asks for them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ModelsSection } from '../../app/config/models.ts'
import { UpstreamsSection } from '../../app/config/upstreams.ts'
import { BUILTIN_MODELS } from '../../app/inference/builtin-models.ts'
import { openCatalog } from '../../app/inference/open-catalog.ts'
import { routesTo } from '../support/catalog.ts'

const VERTEX = { provider: 'vertex', region: 'global', project_id: 'p', auth: {} }
const ANTHROPIC = { provider: 'anthropic', auth: { api_key: 'k' } }

function catalogWith(upstreams: readonly object[], models: readonly object[] = []) {
  return openCatalog({
    upstreams: UpstreamsSection.parse(upstreams),
    models: ModelsSection.parse(models),
    auto_include_builtin_models: true,
  })
}

test('a model is asked for under the id that Vertex knows, whichever way it is spelled', () => {
  const catalog = catalogWith([ANTHROPIC, VERTEX])

  for (const spelling of ['claude-haiku-4-5', 'claude-haiku-4-5-20251001', 'claude-haiku-4-5@20251001'])
    assert.deepEqual(routesTo(catalog, spelling), [
      'anthropic:claude-haiku-4-5-20251001',
      'vertex:claude-haiku-4-5@20251001',
    ])
})

test('an id of the operator’s own wins, and lists of upstreams hold', () => {
  const models = [{ id: 'claude-haiku-4-5', upstream_model: { vertex: 'claude-haiku-4-5@20991231' } }]

  assert.deepEqual(routesTo(catalogWith([VERTEX], models), 'claude-haiku-4-5'), [
    'vertex:claude-haiku-4-5@20991231',
  ])
  assert.equal(routesTo(catalogWith([{ ...VERTEX, models: ['claude-opus-*'] }]), 'claude-haiku-4-5'), null)
})

test('the models that are listed are those that Vertex has', () => {
  const offered = BUILTIN_MODELS.filter(({ role, ids }) => role === 'catalog' && ids.vertex !== null)

  assert.deepEqual(
    catalogWith([VERTEX])
      .list()
      .map(({ id }) => id),
    offered.map(({ id }) => id),
  )
})
