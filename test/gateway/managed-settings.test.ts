// Managed settings end to end: a real sign-in, then the client's start, its polls, and a gateway that changes its mind.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pollSettings, startSession } from '../support/claude-settings.ts'
import { startGateway } from '../support/gateway.ts'
import { openWholeGateway } from '../support/whole-gateway.ts'

const policies = (...list: object[]) => ({ managed: { policies: list } })
const DENY_WEB = { permissions: { deny: ['WebFetch'] } }

const DESKTOP_AGENT = 'claude-cli/2.1.330 (external, claude-desktop, agent-sdk/0.2)'

function get(url: string, bearer: string, headers: Record<string, string> = {}, path = '/managed/settings') {
  return fetch(url + path, { headers: { authorization: `Bearer ${bearer}`, ...headers } })
}

async function signedIn(sections: Record<string, unknown>) {
  const whole = await openWholeGateway({ sections })
  const { access_token: bearer } = await whole.tokens()
  return { ...whole, bearer }
}

test('a client starts with its settings, and its polls find them unchanged', async () => {
  await using whole = await signedIn(policies({ match: {}, code: DENY_WEB }))
  const { url, events } = whole.gateway

  const start = await startSession(url, whole.bearer)
  assert.ok(start.kind === 'started' && start.held !== null)
  const poll = await pollSettings(url, { bearer: whole.bearer, held: start.held })

  assert.deepEqual(start.held.settings, DENY_WEB)
  assert.equal(poll.status, 304)
  const served = events.filter(({ evt }) => evt === 'managed.serve')
  assert.equal(served.length, 1)
  assert.deepEqual(served[0], {
    ...{ evt: 'managed.serve', policy_index: 0, checksum: start.held.etag.slice(1, -1) },
    ...{ request_id: Reflect.get(served[0] ?? {}, 'request_id'), sub: Reflect.get(served[0] ?? {}, 'sub') },
    email: Reflect.get(served[0] ?? {}, 'email'),
  })
})

test('every answer has its exact headers', async () => {
  await using whole = await signedIn(policies({ match: {}, code: DENY_WEB }))
  const { url } = whole.gateway
  const shown = ({ status, headers }: Response) => ({
    status,
    etag: headers.has('etag'),
    cache: headers.get('cache-control'),
    contract: headers.get('x-cc-gateway-version'),
    version: headers.get('x-gatehouse-version'),
    vary: headers.get('vary'),
  })
  const own = { contract: '2.1.330', version: '0.0.0-test', vary: 'User-Agent' }

  const full = await get(url, whole.bearer)
  const tag = full.headers.get('etag') ?? ''
  const weak = await get(url, whole.bearer, { 'if-none-match': `"x", W/${tag}` })
  const any = await get(url, whole.bearer, { 'if-none-match': '*' })
  const bare = await get(url, whole.bearer, { 'if-none-match': tag.slice(1, -1) })
  const posted = await fetch(`${url}/managed/settings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${whole.bearer}` },
  })
  const stranger = await get(url, 'nobody')

  assert.deepEqual(shown(full), { status: 200, etag: true, cache: null, ...own })
  assert.deepEqual(shown(weak), { status: 304, etag: true, cache: null, ...own })
  assert.equal(await weak.text(), '')
  assert.deepEqual([any.status, bare.status, posted.status], [200, 200, 200])
  assert.equal(await posted.text(), await full.text())
  assert.deepEqual(shown(stranger), { status: 401, etag: false, cache: 'no-store', ...own })
})

test('a changed policy reaches a running client at its next poll after the restart', async () => {
  await using whole = await signedIn(policies({ match: {}, code: DENY_WEB }))
  const { url } = whole.gateway
  const start = await startSession(url, whole.bearer)
  assert.ok(start.kind === 'started')
  await whole.gateway[Symbol.asyncDispose]()

  await using restarted = await startGateway({
    port: Number(new URL(url).port),
    ...{ issuer: whole.idp.issuer, databaseUrl: whole.database.url },
    upstreamUrls: whole.upstreams.map(({ origin }) => origin),
    sections: {
      oidc: {
        issuer: whole.idp.issuer,
        client_id: 'gatehouse',
        client_secret: 'marked-client-secret-0123456789',
      },
      ...policies({ match: {}, code: { model: 'haiku' } }),
    },
  })
  const poll = await pollSettings(restarted.url, { bearer: whole.bearer, held: start.held })

  assert.deepEqual([poll.status, poll.held?.settings], [200, { model: 'haiku' }])
})

test('an empty policy is a document, no policy is none', async () => {
  await using empty = await signedIn(policies({ match: {} }))
  await using nobodys = await signedIn(policies({ match: { groups: ['nobody'] }, code: DENY_WEB }))
  await using without = await signedIn({})

  assert.deepEqual(await startSession(empty.gateway.url, empty.bearer), {
    kind: 'started',
    held: { settings: {}, etag: '"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"' },
  })
  for (const whole of [nobodys, without]) {
    assert.deepEqual(await startSession(whole.gateway.url, whole.bearer), { kind: 'started', held: null })
    const { headers } = await get(whole.gateway.url, whole.bearer)
    assert.deepEqual([headers.get('cache-control'), headers.get('pragma')], ['no-store', 'no-cache'])
  }
})

test('a session that was withdrawn asks for a new sign-in', async () => {
  await using whole = await signedIn(policies({ match: {}, code: DENY_WEB }))
  const { url } = whole.gateway
  const before = await startSession(url, whole.bearer)
  assert.ok(before.kind === 'started')

  await whole.terminal.logout({ access_token: whole.bearer, token_type: 'Bearer', expires_in: 3600 })

  assert.deepEqual(await startSession(url, whole.bearer), { kind: 'asks_for_login' })
  const poll = await pollSettings(url, { bearer: whole.bearer, held: before.held })
  assert.deepEqual([poll.status, poll.held], [401, before.held])
})

test('where policies are all there is, whom none matches is told so everywhere', async () => {
  const sections = {
    ...policies({ match: { groups: ['staff'] }, desktop: {} }),
    gatehouse: { policy: { unmatched: 'deny' } },
  }
  await using whole = await signedIn(sections)
  const { url } = whole.gateway

  const start = await startSession(url, whole.bearer)
  const inference = await whole.ask(whole.bearer)
  const models = await get(url, whole.bearer, {}, '/v1/models')
  const desktop = await get(url, whole.bearer, {}, '/user/bootstrap')

  assert.ok(start.kind === 'exited' && /HTTP 403/.test(start.message))
  assert.equal(inference.status, 403)
  assert.match(inference.body, /"permission_error".*no policy of this gateway covers your account/)
  assert.match(await models.text(), /^\{"data":\[\],/)
  assert.equal(desktop.status, 404)
  assert.equal(whole.upstreams[0]?.requests.length, 0)
})

test('telemetry alone pushes its environment, and a policy lies above it', async () => {
  const listen = (port: number) => ({
    listen: { host: '127.0.0.1', port, public_url: `http://127.0.0.1:${port}` },
  })
  const telemetry = { forward_to: [{ url: 'https://otel.example.com', logs: true }] }
  for (const [more, expected, index] of [
    [{}, 'http/protobuf', null],
    [policies({ match: {}, code: { env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' } } }), 'http/json', 0],
  ] as const) {
    await using whole = await openWholeGateway({ sections: { telemetry, ...more }, listen })
    const { access_token: bearer } = await whole.tokens()
    const { url } = whole.gateway

    const start = await startSession(url, bearer)

    assert.ok(start.kind === 'started')
    assert.deepEqual(start.held?.settings, {
      env: {
        CLAUDE_CODE_ENABLE_TELEMETRY: '1',
        OTEL_METRICS_EXPORTER: 'otlp',
        OTEL_LOGS_EXPORTER: 'otlp',
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_ENDPOINT: url,
        OTEL_EXPORTER_OTLP_PROTOCOL: expected,
      },
    })
    const served = whole.gateway.events.filter(({ evt }) => evt === 'managed.serve')
    assert.deepEqual(
      served.map(event => Reflect.get(event, 'policy_index')),
      [index],
    )
  }
})

test('Claude Desktop gets code, and cli only where the file says so', async () => {
  const statuses: number[] = []
  for (const policy of [
    { code: DENY_WEB },
    { code: {} },
    { cli: DENY_WEB, desktop: {} },
    { cli: DENY_WEB, serve_to_desktop: true },
  ]) {
    await using whole = await signedIn(policies({ match: {}, ...policy }))
    const { url, lines } = whole.gateway
    statuses.push((await get(url, whole.bearer, { 'user-agent': DESKTOP_AGENT })).status)
    await get(url, whole.bearer, { 'user-agent': DESKTOP_AGENT })
    const said = lines.filter(line => line.includes('withheld from Claude Desktop')).length
    assert.equal(said, statuses.at(-1) === 404 ? 1 : 0)
    assert.equal((await get(url, whole.bearer)).status, 200)
  }

  assert.deepEqual(statuses, [200, 404, 404, 200])
})

test('the warning about the start model was right: its first request is refused, and no upstream is asked', async () => {
  await using whole = await signedIn(policies({ match: {}, code: { availableModels: ['haiku'] } }))

  const refused = await whole.ask(whole.bearer, { model: 'claude-opus-4-7', max_tokens: 1, messages: [] })
  const counted = await fetch(`${whole.gateway.url}/v1/messages/count_tokens`, {
    ...{ method: 'POST', body: JSON.stringify({ model: 'us.anthropic.claude-opus-4-7', messages: [] }) },
    headers: { authorization: `Bearer ${whole.bearer}` },
  })
  const allowed = await whole.ask(whole.bearer, { model: 'claude-haiku-4-5', max_tokens: 1, messages: [] })

  assert.deepEqual([refused.status, counted.status, allowed.status], [400, 400, 200])
  assert.match(refused.body, /your role does not include the model claude-opus-4-7/)
  assert.equal(whole.upstreams[0]?.requests.length, 1)
})
