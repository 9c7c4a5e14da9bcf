import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { post } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { answer, errorAnswer, jsonAnswer, type RecordedRequest, startUpstream } from '../support/upstream.ts'

const GOOD = { type: 'message', usage: { input_tokens: 1, output_tokens: 1 } }

interface FederationRig extends AsyncDisposable {
  readonly auth: Record<string, string>
  readonly file: string
}

async function identityFile(content: string): Promise<FederationRig> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-federation-'))
  const file = join(folder, 'token')
  await writeFile(file, content)
  const auth = { federation_rule_id: 'rule-1', organization_id: 'org-1', identity_token_file: file }
  return { auth, file, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

/** An upstream that exchanges tokens `t-1`, `t-2` … and answers messages with `reply`. */
function issuer(reply: (token: string) => Buffer) {
  let issued = 0
  return (request: RecordedRequest) => {
    if (request.path !== '/v1/oauth/token') return reply(request.headers['authorization'] ?? '')
    issued += 1
    return jsonAnswer({ access_token: `t-${issued}`, token_type: 'Bearer', expires_in: 3600 })
  }
}

test('the workload identity is exchanged once, for many requests at a time, and serves as a bearer', async () => {
  await using identity = await identityFile('workload-jwt\n')
  await using upstream = await startUpstream(issuer(() => jsonAnswer(GOOD)))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin, auth: identity.auth }] })

  const replies = await Promise.all(Array.from({ length: 20 }, () => post(relay.port)))

  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
  const exchanges = upstream.requests.filter(({ path }) => path === '/v1/oauth/token')
  assert.equal(exchanges.length, 1)
  assert.equal(exchanges[0]?.headers['anthropic-beta'], 'oauth-2025-04-20,oidc-federation-2026-04-01')
  assert.equal(exchanges[0]?.headers['content-type'], 'application/json')
  assert.deepEqual(JSON.parse(exchanges[0]?.body.toString() ?? ''), {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: 'workload-jwt',
    federation_rule_id: 'rule-1',
    organization_id: 'org-1',
  })
  const calls = upstream.requests.filter(({ path }) => path === '/v1/messages')
  assert.deepEqual(new Set(calls.map(({ headers }) => headers['authorization'])), new Set(['Bearer t-1']))
  assert.deepEqual(
    new Set(calls.map(({ headers }) => headers['anthropic-beta'])),
    new Set(['oauth-2025-04-20']),
  )
})

test('the optional ids go with the exchange when they are set; operator headers do not', async () => {
  await using identity = await identityFile('jwt')
  const auth = { ...identity.auth, workspace_id: 'wrkspc-1', service_account_id: 'svac-1' }
  await using upstream = await startUpstream(issuer(() => jsonAnswer(GOOD)))
  await using relay = await startRelay({
    upstreams: [{ base_url: upstream.origin, auth, headers: { 'x-team': 'blue' } }],
  })

  await post(relay.port)

  const [exchange, call] = upstream.requests
  const { workspace_id, service_account_id } = JSON.parse(exchange?.body.toString() ?? '')
  assert.deepEqual(
    { workspace_id, service_account_id },
    { workspace_id: 'wrkspc-1', service_account_id: 'svac-1' },
  )
  assert.equal(exchange?.headers['x-team'], undefined)
  assert.equal(call?.headers['x-team'], 'blue')
})

test('a refused token is replaced: that request fails over, and the next one carries the new token', async () => {
  await using identity = await identityFile('jwt')
  await using upstream = await startUpstream(
    issuer(token => (token === 'Bearer t-1' ? errorAnswer(401, 'authentication_error') : jsonAnswer(GOOD))),
  )
  await using spare = await startUpstream(() => jsonAnswer({ ...GOOD, model: 'spare' }))
  await using relay = await startRelay({
    upstreams: [{ base_url: upstream.origin, auth: identity.auth }, { base_url: spare.origin }],
  })

  const first = await post(relay.port)
  await writeFile(identity.file, 'rotated-jwt')
  const second = await post(relay.port)

  assert.equal(JSON.parse(first.body).model, 'spare')
  assert.deepEqual(JSON.parse(second.body), GOOD)
  const assertions = upstream.requests
    .filter(({ path }) => path === '/v1/oauth/token')
    .map(({ body }) => JSON.parse(body.toString()).assertion)
  assert.deepEqual(assertions, ['jwt', 'rotated-jwt'])
})

for (const [failure, content, script] of [
  ['a refused exchange', 'jwt', () => answer({ status: 400, body: '{"error":"jwt quoted"}' })],
  ['a redirect', 'jwt', () => answer({ status: 302, headers: { location: 'http://127.0.0.1:1/' } })],
  ['an answer without a token', 'jwt', () => jsonAnswer({ expires_in: 5 })],
  ['an identity token beyond 16 KiB', 'x'.repeat(16_385), () => jsonAnswer({})],
] as const) {
  test(`${failure} makes the upstream count as unreachable, and is logged without the secret`, async () => {
    await using identity = await identityFile(content)
    await using upstream = await startUpstream(script)
    await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin, auth: identity.auth }] })

    const reply = await post(relay.port)

    assert.equal(reply.status, 502)
    assert.equal(upstream.requests.filter(({ path }) => path === '/v1/messages').length, 0)
    const lines = relay.log.lines.join('\n')
    assert.match(lines, /^warn the access token of upstream "upstream-1" could not be fetched/m)
    assert.match(lines, /^warn upstream upstream-1 failed.*no credential/m)
    assert.doesNotMatch(lines, /jwt|xxx/)
  })
}

test('a missing identity token file is no reason not to start', async () => {
  await using identity = await identityFile('jwt')
  await rm(identity.file)
  await using upstream = await startUpstream(issuer(() => jsonAnswer(GOOD)))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin, auth: identity.auth }] })

  const reply = await post(relay.port)

  assert.equal(reply.status, 502)
  assert.match(relay.log.lines.join('\n'), /identity_token_file cannot be read \(ENOENT\)/)
})
