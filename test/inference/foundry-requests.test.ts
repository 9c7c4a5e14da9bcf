// What is sent to Microsoft Foundry: judged by a stand-in that refuses what Azure refuses.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpstreamsSection } from '../../app/config/upstreams.ts'
import { urlOf } from '../../app/inference/upstreams/open.ts'
import { KEY, REPLY, startFoundry } from '../support/foundry.ts'
import { BODY, post, STREAM_BODY } from '../support/relay-client.ts'
import { REPLY_EVENTS } from '../support/sse.ts'

test('a message goes to the Messages API of the resource: the deployment in the body, every other byte as it came', async () => {
  await using rig = await startFoundry()
  const body =
    '{ "model" : "claude-renamed",\n "max_tokens":\t64, "tags":{"team":"a"}, "messages":[{"role":"user","content":"\\u0068i ✓"}], "x":1.0e2 }'

  const reply = await post(rig.port, { body, path: '/v1/messages?beta=true' })

  assert.deepEqual([reply.status, reply.body], [200, JSON.stringify(REPLY)])
  const [request] = rig.foundry.requests
  assert.equal(request?.line, 'POST /anthropic/v1/messages HTTP/1.1')
  assert.equal(request?.body.toString(), body.replace('claude-renamed', 'upstream-name'))
})

test('where the names agree, the body goes byte for byte, streams too', async () => {
  await using rig = await startFoundry()

  const reply = await post(rig.port, { body: STREAM_BODY })

  assert.equal(reply.body, REPLY_EVENTS.join(''))
  assert.equal(rig.foundry.requests[0]?.body.toString(), STREAM_BODY)
})

test('a count goes to count_tokens, without the query', async () => {
  await using rig = await startFoundry()

  const reply = await post(rig.port, { path: '/v1/messages/count_tokens?beta=true' })

  assert.deepEqual([reply.status, reply.body], [200, '{"input_tokens":9}'])
  assert.equal(rig.foundry.requests[0]?.path, '/anthropic/v1/messages/count_tokens')
})

test('of the developer’s headers Foundry gets the Messages API’s own; the rest is ours and the operator’s', async () => {
  await using rig = await startFoundry({ upstream: { headers: { 'x-team': 'one' } } })

  await post(rig.port, {
    headers: {
      ...{ accept: 'application/json', 'content-type': 'application/json; charset=utf-8', cookie: 'a=b' },
      ...{ 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a-1, request-tags-2026-08-21' },
      ...{ 'anthropic-new': '1', 'anthropic-workspace-id': 'else', 'anthropic-organization-id': 'else' },
      ...{ 'x-stainless-lang': 'js', 'user-agent': 'claude-cli/2.1.330', 'x-api-key': 'sk-developer' },
      ...{ 'api-key': 'else', traceparent: '00-1-1-00', 'x-claude-gateway-user-id': 'else' },
    },
  })

  const { host, connection, ...headers } = rig.foundry.requests[0]?.headers ?? {}
  assert.deepEqual(headers, {
    ...{ 'content-type': 'application/json; charset=utf-8', accept: 'application/json' },
    ...{ 'accept-encoding': 'identity', 'content-length': String(BODY.length) },
    ...{ 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a-1, request-tags-2026-08-21' },
    ...{ 'anthropic-new': '1', 'user-agent': 'gatehouse/9.9.9', 'x-team': 'one', 'x-api-key': KEY },
  })
})

test('of Foundry’s headers the developer gets the content type only, and our request id', async () => {
  await using rig = await startFoundry()

  const { headers } = await post(rig.port)

  const { date, 'request-id': id, 'x-request-id': same, connection, ...rest } = headers
  assert.equal(id, same)
  const policies = Object.keys(rest).filter(
    name => !/^(x-(content-type|frame)|referrer|cross-origin)/.test(name),
  )
  assert.deepEqual(policies.sort(), ['content-length', 'content-type'])
  const [event] = await rig.relay.audited(1)
  assert.equal(event?.upstream_request_id, 'req_fdry_2')
})

/** Where requests go, from the configuration alone. */
function baseOf(entry: object): string | undefined {
  const [config] = UpstreamsSection.parse([
    { provider: 'foundry', resource: 'acme-ai', auth: { api_key: 'k' }, ...entry },
  ])
  return config && urlOf(config)?.href
}

test('the host follows from the resource; a base_url replaces it', () => {
  assert.equal(baseOf({}), 'https://acme-ai.services.ai.azure.com/anthropic')
  assert.equal(baseOf({ base_url: 'https://ai.example.com/foundry' }), 'https://ai.example.com/foundry')
})
