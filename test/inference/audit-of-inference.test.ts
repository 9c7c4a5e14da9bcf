import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPost, post, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { chunk, errorAnswer, jsonAnswer, LAST_CHUNK, startUpstream, streamHead } from '../support/upstream.ts'

const MESSAGE = {
  type: 'message',
  model: 'claude-served',
  usage: {
    input_tokens: 2,
    output_tokens: 3,
    cache_read_input_tokens: 4,
    server_tool_use: { web_search_requests: 1 },
  },
}
const USAGE = { input: 2, output: 3, cache_read: 4, cache_write: 0, cache_write_1h: 0, web_search: 1 }

/** What holds for every event of these tests. */
const WHO = {
  evt: 'inference',
  request_id: 'r-1',
  sub: 'dev-1',
  email: 'dev@example.com',
  load_test: undefined,
  settings_state: undefined,
  billing_group: undefined,
  cost_cents: undefined,
}
const HEADERS = { 'x-client-request-id': 'r-1' }

/** The event without its durations, which must be whole numbers. */
function facts(event: object | undefined): object {
  const { ms, ttfb_ms, ...rest } = (event ?? {}) as Record<string, unknown> // only to take two members away
  assert.ok(Number.isInteger(ms))
  assert.ok(ttfb_ms === undefined || Number.isInteger(ttfb_ms))
  return rest
}

test('a reply is audited once, with who, what, where and how much', async () => {
  await using upstream = await startUpstream(() =>
    jsonAnswer(MESSAGE, { headers: { 'request-id': 'req_up' } }),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  await post(relay.port, { headers: HEADERS, path: '/v1/messages?beta=true' })

  const events = await relay.audited(1)
  assert.equal(events.length, 1)
  assert.deepEqual(facts(events[0]), {
    ...WHO,
    path: '/v1/messages',
    model: 'claude-test',
    upstream: 'upstream-1',
    upstream_request_id: 'req_up',
    upstream_cloud_request_id: undefined,
    status: 200,
    stream: false,
    attempts: 1,
    routing: undefined,
    retry_denied: undefined,
    usage: USAGE,
    outcome: undefined,
  })
})

test('what a reply used is handed to the meter once, with the ids of both sides', async () => {
  await using upstream = await startUpstream(() => jsonAnswer(MESSAGE))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  await post(relay.port, { headers: HEADERS, body: '{"model":"claude-renamed"}' })

  assert.deepEqual(relay.records, [
    {
      request_id: 'r-1',
      sub: 'dev-1',
      upstream: 'upstream-1',
      upstream_model: 'upstream-name',
      client_model: 'claude-renamed',
      parts: [
        { model: 'claude-served', input: 2, output: 3, cache_write_5m: 0, cache_write_1h: 0, cache_read: 4 },
      ],
      served_model: 'claude-served',
      web_searches: 1,
      speed: null,
      inference_geo: null,
      estimated: false,
      aborted: false,
      load_test: false,
    },
  ])
})

test('a stream is audited with its usage when it ends', async () => {
  await using upstream = await startUpstream(() =>
    Buffer.concat([streamHead(), chunk(REPLY_EVENTS.join('')), LAST_CHUNK]),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  await post(relay.port, { headers: HEADERS, body: STREAM_BODY })

  const [event] = await relay.audited(1)
  assert.deepEqual(
    { stream: event?.stream, usage: event?.usage, outcome: event?.outcome },
    {
      stream: true,
      usage: { input: 11, output: 5, cache_read: 0, cache_write: 0, cache_write_1h: 0, web_search: 0 },
      outcome: undefined,
    },
  )
})

for (const [title, body, model, status] of [
  ['a body that is no JSON', '{', null, 400],
  ['a body without a model', '{}', null, 400],
  ['a model that nobody serves', '{"model":"gpt"}', 'gpt', 400],
] as const) {
  test(`${title} is audited as the refusal it is`, async () => {
    await using upstream = await startUpstream(() => {})
    await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

    const reply = await post(relay.port, { headers: HEADERS, body })

    assert.equal(reply.status, status)
    assert.equal(reply.headers['request-id'], 'r-1')
    const events = await relay.audited(1)
    assert.deepEqual(facts(events[0]), {
      ...WHO,
      path: '/v1/messages',
      model,
      upstream: null,
      upstream_request_id: undefined,
      upstream_cloud_request_id: undefined,
      status,
      stream: model === null ? undefined : false,
      attempts: 0,
      routing: undefined,
      retry_denied: undefined,
      usage: undefined,
      outcome: undefined,
    })
    assert.equal(upstream.requests.length, 0)
  })
}

test("a model that the developer's policy leaves out is refused before anybody looks for it", async () => {
  await using upstream = await startUpstream(() => {})
  await using relay = await startRelay({
    upstreams: [{ base_url: upstream.origin }],
    policy: (model, identity) =>
      model.names.includes('nobody serves this') && identity.sub === 'dev-1'
        ? { reason: 'deniedModels', policyIndex: 0 }
        : null,
  })

  const reply = await post(relay.port, { body: '{"model":"nobody serves this"}' })

  assert.equal(reply.status, 400)
  assert.match(reply.body, /your role blocks the model nobody serves this/)
  assert.equal((await relay.audited(1))[0]?.model, 'nobody serves this')
})

test('errors and token counts cost nothing', async () => {
  let count = 0
  await using upstream = await startUpstream(() => {
    count += 1
    return count === 1 ? errorAnswer(400, 'invalid_request_error') : jsonAnswer(MESSAGE)
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  await post(relay.port)
  await post(relay.port, { path: '/v1/messages/count_tokens' })

  const events = await relay.audited(2)
  assert.deepEqual(
    events.map(({ usage, path, status }) => ({ usage, path, status })),
    [
      { usage: undefined, path: '/v1/messages', status: 400 },
      { usage: undefined, path: '/v1/messages/count_tokens', status: 200 },
    ],
  )
  assert.deepEqual(relay.records, [])
})

test('beyond the bound on open requests the answer is 503 at once, and an abort frees the place', async () => {
  await using upstream = await startUpstream(request =>
    request.path === '/v1/messages' ? undefined : jsonAnswer({ input_tokens: 1 }),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], maxConcurrent: 1 })
  const first = openPost(relay.port, {})
  await upstream.request(1)

  const refused = await post(relay.port, { headers: HEADERS })
  first.destroy()
  await relay.audited(2)
  const served = await post(relay.port, { path: '/v1/messages/count_tokens' })

  assert.equal(refused.status, 503)
  assert.equal(refused.headers['retry-after'], '1')
  assert.equal(refused.headers['x-should-retry'], undefined)
  assert.deepEqual(JSON.parse(refused.body), {
    type: 'error',
    request_id: 'r-1',
    error: { type: 'api_error', message: 'the gateway is at capacity' },
  })
  assert.equal(served.status, 200)
})

test('a 429 that a proxy counted against the developer by email is theirs: it is not tried elsewhere', async () => {
  await using proxy = await startUpstream(() => errorAnswer(429, 'rate_limit_error', 'your budget'))
  await using other = await startUpstream(() => jsonAnswer(MESSAGE))
  const upstreams = [{ base_url: proxy.origin, forward_user_identity: true }, { base_url: other.origin }]
  await using named = await startRelay({ upstreams })
  await using unnamed = await startRelay({ upstreams, identity: { sub: 'dev-1' } })

  const theirs = await post(named.port)
  const anybodys = await post(unnamed.port)

  assert.equal(theirs.status, 429)
  assert.match(theirs.body, /your budget/)
  assert.equal(anybodys.status, 200)
})
