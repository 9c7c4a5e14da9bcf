import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FastifyRequest } from 'fastify'
import { Refusal } from '../../app/http/errors.ts'
import type { Catalog } from '../../app/inference/catalog.ts'
import { type ModelPolicy, modelsRoute } from '../../app/inference/models-route.ts'
import { catalogOf } from '../support/catalog.ts'
import { startListener } from '../support/listener.ts'

interface Asked {
  readonly catalog?: Catalog
  readonly policy?: ModelPolicy
  readonly path?: string
}

async function ask({ catalog = catalogOf(), policy = () => null, path = '/v1/models' }: Asked) {
  const bearer = async (request: FastifyRequest) => {
    const identity = { sub: 'ada', email: 'ada@example.com', groups: ['engineers'] }
    request.session = { identity, sid: null, iat: 0, exp: 1, digest: '' }
  }
  await using listener = await startListener([modelsRoute({ catalog, policy, bearer })])
  const response = await fetch(`http://127.0.0.1:${listener.port}${path}`)
  return { status: response.status, body: (await response.json()) as { data: { id: string }[] } } // the route under test
}

const page = (data: object[]) => ({ data, has_more: false, first_id: null, last_id: null })

test('configured models come first, then the built-in ones in the order of their table', async () => {
  const models = [
    { id: 'corp', label: 'Our model', description: 'For all', upstream_model: { main: 'x' } },
    { id: 'bare', upstream_model: { main: 'y' } },
    { id: 'claude-opus-5', label: 'Opus at work' },
    { id: 'CORP', upstream_model: { main: 'z' } },
    { id: 'nowhere' },
  ]
  const upstreams = { main: ['corp', 'bare', 'claude-opus-*', 'claude-haiku-4-5'] }

  const answer = await ask({ catalog: catalogOf({ models, upstreams }) })

  const model = (id: string, display_name: string, more = {}) => ({
    type: 'model',
    id,
    display_name,
    ...more,
  })
  const long = { max_input_tokens: 1_000_000 }
  const short = { max_input_tokens: 200_000 }
  assert.deepEqual(answer, {
    status: 200,
    body: page([
      model('corp', 'Our model', { description: 'For all' }),
      model('bare', 'bare'),
      model('claude-opus-5', 'Opus at work', long),
      model('claude-opus-4-6', 'Claude Opus 4.6'),
      model('claude-haiku-4-5-20251001', 'Claude Haiku 4.5', short),
      model('claude-opus-5-5', 'Claude Opus 5.5', long),
      model('claude-opus-4-8', 'Claude Opus 4.8', long),
      model('claude-opus-4-7', 'Claude Opus 4.7', long),
      model('claude-opus-4-1-20250805', 'Claude Opus 4.1', short),
    ]),
  })
})

test('a model that the caller’s policy refuses is not listed', async () => {
  const policy: ModelPolicy = ({ names }, { groups }) =>
    groups?.includes('engineers') && names.includes('claude-sonnet-5')
      ? null
      : { reason: 'availableModels', policyIndex: 0 }
  const models = [{ id: 'corp', upstream_model: { main: 'claude-sonnet-5' } }]

  const answer = await ask({ catalog: catalogOf({ models }), policy })

  assert.deepEqual(
    answer.body.data.map(({ id }) => id),
    ['corp', 'claude-sonnet-5'],
  )
})

test('limit, after_id and before_id are ignored', async () => {
  const whole = await ask({})

  const limited = await ask({ path: '/v1/models?limit=1&after_id=claude-opus-5&before_id=x' })

  assert.deepEqual(limited, whole)
})

test('a gateway with no model lists none', async () => {
  assert.deepEqual(await ask({ catalog: catalogOf({ auto: false }) }), { status: 200, body: page([]) })
})

test('one model has no page of its own', async () => {
  assert.equal((await ask({ path: '/v1/models/claude-opus-5' })).status, 404)
})

test('who is not signed in gets 401', async () => {
  const bearer = async () => {
    throw new Refusal('missing_bearer', 'sign in')
  }
  await using listener = await startListener([
    modelsRoute({ catalog: catalogOf(), policy: () => null, bearer }),
  ])

  const response = await fetch(`http://127.0.0.1:${listener.port}/v1/models`)

  assert.equal(response.status, 401)
})
