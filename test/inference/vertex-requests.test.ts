// What is sent to Vertex AI: judged by a stand-in that refuses what Google refuses.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpstreamsSection } from '../../app/config/upstreams.ts'
import { VertexUpstream } from '../../app/inference/upstreams/vertex.ts'
import { openNetwork } from '../../app/net/network.ts'
import { BODY, post, STREAM_BODY } from '../support/relay-client.ts'
import { PROJECT, REPLY, startVertex, TOKEN } from '../support/vertex.ts'

const MODELS = `/v1/projects/${PROJECT}/locations/global/publishers/anthropic/models`
const VERSION = '"anthropic_version":"vertex-2023-10-16"'

test('a message goes to rawPredict: the model in the path, the version in the body, every other byte as it came', async t => {
  await using rig = await startVertex(t)
  const body =
    '{ "model" : "claude-renamed",\n "max_tokens":\t64, "messages":[{"role":"user","content":"\\u0068i ✓"}], "x":1.0e2 }'

  const reply = await post(rig.port, { body, path: '/v1/messages?beta=true' })

  assert.deepEqual([reply.status, reply.body], [200, JSON.stringify(REPLY)])
  const [request] = rig.vertex.requests
  assert.equal(request?.line, `POST ${MODELS}/upstream-name:rawPredict HTTP/1.1`)
  assert.equal(
    request?.body.toString(),
    `{${VERSION}, \n "max_tokens":\t64, "messages":[{"role":"user","content":"\\u0068i ✓"}], "x":1.0e2 }`,
  )
})

test('a stream goes to streamRawPredict, and `stream` stays in the body', async t => {
  await using rig = await startVertex(t)

  const reply = await post(rig.port, { body: STREAM_BODY })

  assert.equal(reply.status, 200)
  assert.equal(rig.vertex.requests[0]?.path, `${MODELS}/claude-test:streamRawPredict`)
  assert.equal(JSON.parse(`${rig.vertex.requests[0]?.body}`).stream, true)
})

test('a count goes to count-tokens, with the model in its body under the name that Vertex knows', async t => {
  await using rig = await startVertex(t)
  const body = '{"model":"claude-renamed","messages":[],"tags":{"team":"a"}}'

  const reply = await post(rig.port, { path: '/v1/messages/count_tokens?beta=true', body })

  assert.deepEqual([reply.status, reply.body], [200, '{"input_tokens":9}'])
  const [request] = rig.vertex.requests
  assert.equal(request?.path, `${MODELS}/count-tokens:rawPredict`)
  assert.equal(`${request?.body}`, `{${VERSION},"model":"upstream-name","messages":[]}`)
})

test('a version of the developer’s is replaced, and tags go no further, nor does their beta', async t => {
  await using rig = await startVertex(t)
  const beta = 'one-2026-01-01, request-tags-2026-08-21,two-2026-02-02'
  const body = '{"anthropic_version":"bedrock-2023-05-31","tags":{"team":"a"},"model":"claude-test"}'

  const reply = await post(rig.port, { body, headers: { 'anthropic-beta': beta } })
  await post(rig.port, { body, headers: { 'anthropic-beta': 'request-tags-2026-08-21' } })

  assert.equal(reply.status, 200)
  const [both, only] = rig.vertex.requests
  assert.equal(`${both?.body}`, `{${VERSION}}`)
  assert.equal(both?.headers['anthropic-beta'], 'one-2026-01-01,two-2026-02-02')
  assert.equal(only?.headers['anthropic-beta'], undefined)
})

test('of the developer’s headers Vertex gets accept, version and betas; the rest is ours and the operator’s', async t => {
  await using rig = await startVertex(t, { upstream: { headers: { 'x-team': 'one' } } })

  await post(rig.port, {
    headers: {
      ...{
        accept: 'application/json',
        'content-type': 'text/plain',
        cookie: 'a=b',
        'x-api-key': 'sk-developer',
      },
      ...{ 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a-1, b-2', 'anthropic-new': '1' },
      ...{ 'x-stainless-lang': 'js', 'user-agent': 'claude-cli/2.1.330', 'x-goog-user-project': 'else' },
      ...{ traceparent: '00-1-1-00', 'x-claude-gateway-user-id': 'else', 'accept-encoding': 'br' },
    },
  })

  const { host, connection, 'content-length': length, ...headers } = rig.vertex.requests[0]?.headers ?? {}
  assert.deepEqual(headers, {
    ...{ 'content-type': 'application/json', 'accept-encoding': 'identity', accept: 'application/json' },
    ...{ 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a-1, b-2', 'user-agent': 'gatehouse/9.9.9' },
    ...{ 'x-team': 'one', authorization: `Bearer ${TOKEN}` },
  })
  assert.equal(Number(length), BODY.length + VERSION.length - '"model":"claude-test"'.length)
})

/** Where a message for `model` goes, from the configuration alone. */
function targetOf(entry: object, model = 'm'): string {
  const [config] = UpstreamsSection.parse([{ provider: 'vertex', project_id: 'p', auth: {}, ...entry }])
  assert.ok(config?.provider === 'vertex')
  const network = openNetwork({ allowLoopback: false })
  const upstream = new VertexUpstream({
    ...{ config, ttfbMs: 1, product: 'gatehouse/1', dispatcher: network.dispatcher({ purpose: 'upstream' }) },
    credential: { get: () => 'token', refused() {}, quotaProject: () => undefined },
  })
  const call = { operation: 'messages', clientModel: model, model, stream: false, headers: {} } as const
  const head = upstream.head({ ...call, query: '?beta=true', identity: { sub: 's' } })
  assert.ok('path' in head)
  return `${upstream.origin}${head.path}`.replace('/publishers/anthropic/models', '')
}

test('each location has its host; the path names the location as it is configured', () => {
  const rest = (location: string) => `/v1/projects/p/locations/${location}/m:rawPredict`

  assert.equal(
    targetOf({ region: 'us-east5' }),
    `https://us-east5-aiplatform.googleapis.com${rest('us-east5')}`,
  )
  assert.equal(targetOf({ region: 'global' }), `https://aiplatform.googleapis.com${rest('global')}`)
  assert.equal(targetOf({ region: 'us' }), `https://aiplatform.us.rep.googleapis.com${rest('us')}`)
  assert.equal(targetOf({ region: 'eu' }), `https://aiplatform.eu.rep.googleapis.com${rest('eu')}`)
})

test('a base_url without a path gets /v1, one with a path is used as it is written', () => {
  const at = (base_url: string) => targetOf({ region: 'eu', base_url })

  assert.equal(
    at('https://psc.example.com'),
    'https://psc.example.com/v1/projects/p/locations/eu/m:rawPredict',
  )
  assert.equal(
    at('https://psc.example.com/'),
    'https://psc.example.com/v1/projects/p/locations/eu/m:rawPredict',
  )
  assert.equal(
    at('https://proxy.example.com/v1beta1/'),
    'https://proxy.example.com/v1beta1/projects/p/locations/eu/m:rawPredict',
  )
})

test('no model id leaves its segment of the path', () => {
  const sent = (id: string) => targetOf({ region: 'eu' }, id).split('/eu/')[1]

  assert.equal(sent('claude-haiku-4-5@20251001'), 'claude-haiku-4-5@20251001:rawPredict')
  assert.equal(sent('a/../b:predict?x#y%2F'), 'a%2F..%2Fb%3Apredict%3Fx%23y%252F:rawPredict')
  assert.equal(sent('..'), '..:rawPredict')
  assert.equal(sent('\ud800'), '%EF%BF%BD:rawPredict')
})
