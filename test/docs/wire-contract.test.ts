// app/protocol/protocol.md is the contract that is served: its examples, errors and routes are those of the code.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastify, { type FastifyRequest } from 'fastify'
import { REFUSALS } from '../../app/http/errors.ts'
import { modelsRoute } from '../../app/inference/models-route.ts'
import { READ_MEMBERS } from '../../app/inference/top-level.ts'
import { metadata } from '../../app/oauth/metadata.ts'
import { SIGNALS } from '../../app/telemetry/ledger.ts'
import { catalogOf } from '../support/catalog.ts'
import { codeBlocks, pageAt, SOURCES } from '../support/manual.ts'

const contract = pageAt('app/protocol/protocol.md')
const examples = codeBlocks({ path: 'protocol.md', text: contract })
  .filter(({ language }) => language === 'json')
  .map(({ text }) => JSON.parse(text))

test('the example of discovery is what the gateway answers', async () => {
  const server = fastify()
  server.route(metadata({ publicUrl: 'https://gateway.example.com', revocation: true }))

  const answer = await server.inject('/.well-known/oauth-authorization-server')

  assert.deepEqual(
    examples.find(example => 'token_endpoint' in example),
    answer.json(),
  )
})

test('the example of models is what the gateway answers for that model', async () => {
  const server = fastify()
  const catalog = catalogOf({ upstreams: { main: ['claude-opus-5'] } })
  const bearer = async (request: FastifyRequest) => {
    request.session = { identity: { sub: 'ada' }, sid: null, iat: 0, exp: 1, digest: '' }
  }
  server.route(modelsRoute({ catalog, policy: () => null, bearer }))

  const answer = await server.inject('/v1/models')

  assert.deepEqual(
    examples.find(example => 'has_more' in example),
    answer.json(),
  )
})

test('the wire contract names every member that may not be repeated', () => {
  const line = contract.slice(contract.indexOf('- None of `model`')).split(' may ', 1)[0] ?? ''
  const named = [...line.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name)

  assert.deepEqual(named, [...READ_MEMBERS])
})

test('the statuses and types of the wire contract are those of the refusals', () => {
  const errors = contract.slice(contract.indexOf('## Errors'))
  const listed = [...errors.matchAll(/^\| (\d{3}) +\| `([a-z_]+)` +\|/gm)].map(
    match => `${match[1]} ${match[2]}`,
  )
  const made = Object.entries(REFUSALS)
    // What only sign-in answers has its own tables; a 501 is an upstream's own today.
    .filter(([code, { type }]) => type !== 'oauth' && code !== 'not_supported')
    .map(([, { status, type }]) => `${status} ${type}`)

  assert.deepEqual(listed, [...new Set(made)].toSorted())
})

test('the wire contract names every route, and no other', () => {
  const code = [
    ...['oauth', 'inference', 'managed', 'desktop', 'admin', 'protocol', 'spend'].flatMap(folder =>
      routesOf(folder),
    ),
    ...SIGNALS.map(signal => `/v1/${signal}`),
    ...[...pageAt('app/http/health.ts').matchAll(/'(\/[a-z]+)'/g)].map(([, path]) => path ?? ''),
  ]
  const named = [...contract.matchAll(/`(?:(?:GET|POST|DELETE) )?(\/[a-z_\-./0-9{}]*)`/g)].map(
    ([, path]) => path ?? '',
  )

  // The Stop button's target is the page's own business.
  const published = code.filter(path => path !== '/device/deny')
  // Of one model the contract says that it cannot be asked for.
  const there = named.filter(path => path !== '/v1/models/{id}')
  assert.deepEqual([...new Set(there)].toSorted(), [...new Set(published)].toSorted())
})

function routesOf(folder: string): string[] {
  const files = SOURCES.filter(({ path }) => path.startsWith(`app/${folder}/`))
  const urls = files.flatMap(({ text }) => [...text.matchAll(/\burl: '(\/[^']*)'/g)])
  return urls.map(([, path = '']) => path.replace(/:(\w+)/g, '{$1}'))
}
