import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BODY, openPost, post } from '../support/relay-client.ts'
import { type RigOptions, startRelay } from '../support/relay-rig.ts'
import { answer, jsonAnswer, startUpstream } from '../support/upstream.ts'

/** The headers that reach the upstream when a developer sends `sent`. */
async function forwarded(
  sent: Record<string, string>,
  options: Partial<RigOptions> & { upstream?: object } = {},
) {
  await using upstream = await startUpstream(() => jsonAnswer({ input_tokens: 1 }))
  await using relay = await startRelay({
    ...options,
    upstreams: [{ base_url: upstream.origin, ...options.upstream }],
  })
  await post(relay.port, { headers: sent })
  const { host, ...headers } = upstream.requests[0]?.headers ?? {}
  assert.equal(host, upstream.origin.slice('http://'.length))
  return headers
}

/** What every request carries, whatever the developer sent. */
const ALWAYS = {
  connection: 'keep-alive',
  'content-type': 'application/json',
  'accept-encoding': 'identity',
  'user-agent': 'gatehouse/9.9.9',
  'x-api-key': 'sk-operator',
  'content-length': String(BODY.length),
}

test('only the headers of the table reach the upstream', async () => {
  const dropped = {
    cookie: 'a=b',
    'x-api-key': 'sk-developer',
    'x-app': 'cli',
    'x-claude-code-session-id': 's',
    'x-claude-code-managed-settings-checksum': 'c',
    'x-forwarded-for': '10.0.0.1',
    'x-forwarded-proto': 'https',
    forwarded: 'for=1',
    traceparent: '00-1-1-00',
    'x-client-request-id': 'mine',
    'proxy-authorization': 'Basic x',
    'x-claude-gateway-user-id': 'somebody-else',
    'x-claude-gateway-user-email': 'else@example.com',
    'x-litellm-end-user-id': 'somebody-else',
    'x-anything': '1',
    'accept-encoding': 'gzip, br',
    'anthropic-organization-id': 'org',
    'anthropic-workspace-id': 'wrkspc',
    'anthropic-dangerous-direct-browser-access': 'true',
    'anthropic-ratelimit-requests-limit': '1',
    te: 'trailers',
  }
  const kept = {
    accept: 'application/json',
    'content-type': 'application/json; charset=utf-8',
    'anthropic-version': '2026-10-21',
    'anthropic-beta': 'one-2026-01-01, two-2026-02-02',
    'anthropic-something-new': 'yes',
    'x-stainless-lang': 'js',
    'x-stainless-timeout': '600',
  }

  const headers = await forwarded({ ...dropped, ...kept, 'user-agent': 'claude-cli/2.1.330 (external, cli)' })

  assert.deepEqual(headers, {
    ...ALWAYS,
    ...kept,
    'user-agent': 'claude-cli/2.1.330 (external, cli) gatehouse/9.9.9',
  })
})

test('a request without optional headers gets no version and no accept of ours', async () => {
  assert.deepEqual(await forwarded({}), ALWAYS)
})

test('a header that the connection header names stays on its connection', async () => {
  const headers = await forwarded({
    connection: 'close, anthropic-hop',
    'anthropic-hop': '1',
    'anthropic-far': '2',
  })

  assert.deepEqual(headers, { ...ALWAYS, 'anthropic-far': '2' })
})

test('repeated beta headers are joined in their order', async () => {
  await using upstream = await startUpstream(() => jsonAnswer({ input_tokens: 1 }))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })
  const socket = openPost(relay.port, { headers: { 'anthropic-beta': 'b-1\r\nanthropic-beta: a-2' } })

  const { headers } = await upstream.request(1)

  assert.equal(headers['anthropic-beta']?.replaceAll(' ', ''), 'b-1,a-2')
  socket.destroy()
})

test('an OAuth token goes as a bearer, with the beta it needs after those of the developer', async () => {
  const upstream = { auth: { oauth_token: 'sk-ant-oat' } }
  const { 'x-api-key': _, ...rest } = ALWAYS
  const oauth = { ...rest, authorization: 'Bearer sk-ant-oat' }

  assert.deepEqual(await forwarded({ 'anthropic-beta': 'x-1' }, { upstream }), {
    ...oauth,
    'anthropic-beta': 'x-1,oauth-2025-04-20',
  })
  assert.deepEqual(await forwarded({ 'anthropic-beta': 'oauth-2025-04-20,x-1' }, { upstream }), {
    ...oauth,
    'anthropic-beta': 'oauth-2025-04-20,x-1',
  })
  assert.deepEqual(await forwarded({}, { upstream }), { ...oauth, 'anthropic-beta': 'oauth-2025-04-20' })
})

test("the operator's headers are added on every attempt, each upstream its own", async () => {
  await using one = await startUpstream(() => answer({ status: 500 }))
  await using two = await startUpstream(() => jsonAnswer({ input_tokens: 1 }))
  await using relay = await startRelay({
    upstreams: [
      { base_url: one.origin, headers: { 'X-Team': 'one' }, auth: { api_key: 'key-1' } },
      { base_url: two.origin, headers: { 'X-Other': 'two' }, auth: { api_key: 'key-2' } },
    ],
  })

  await post(relay.port, { path: '/v1/messages/count_tokens' })

  const seen = [one, two].map(({ requests }) => {
    const { 'x-team': team, 'x-other': other, 'x-api-key': key } = requests[0]?.headers ?? {}
    return { team, other, key }
  })
  assert.deepEqual(seen, [
    { team: 'one', other: undefined, key: 'key-1' },
    { team: undefined, other: 'two', key: 'key-2' },
  ])
})

test('a proxy of the operator is told who asks, in ASCII', async () => {
  const upstream = { forward_user_identity: true }
  const named = await forwarded({}, { upstream, identity: { sub: 'ü 1', email: 'jörg@example.com' } })
  const unnamed = await forwarded({}, { upstream, identity: { sub: 'dev-1' } })

  assert.deepEqual(named, {
    ...ALWAYS,
    'x-claude-gateway-user-id': '%C3%BC%201',
    'x-claude-gateway-user-email': 'j%C3%B6rg@example.com',
    'x-litellm-end-user-id': 'j%C3%B6rg@example.com',
  })
  assert.deepEqual(unnamed, { ...ALWAYS, 'x-claude-gateway-user-id': 'dev-1' })
})
