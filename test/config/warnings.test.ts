// What a valid file is told about (chapter 01 §7, second table).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertWarning, fileWith, type JudgeOptions, SECTIONS, warningsOf } from '../support/config-text.ts'

/** The warnings of a file that quiet as it is has none. */
const warned = (changes: Record<string, string>, options?: JudgeOptions) =>
  warningsOf(fileWith(changes), options)

const oidc = (more: string) => ({ oidc: `${SECTIONS['oidc']?.slice(0, -1)}, ${more} }` })

test('a sound file on loopback gives no warning', () => {
  assert.deepEqual(warned({}), [])
})

test('a secret that stands in the file is a warning that does not show it', () => {
  const rows: [Record<string, string>, string][] = [
    [{ session: 'session: { jwt_secret: marked-literal-0123456789abcdef012345 }' }, 'session.jwt_secret'],
    [{ store: 'store: { postgres_url: "postgres://u:marked-pw@127.0.0.1/x" }' }, 'store.postgres_url'],
    [{ store: 'store: { postgres_url: "postgres://u@127.0.0.1/x", password: marked-pw }' }, 'store.password'],
    [
      { upstreams: 'upstreams: [{ provider: anthropic, auth: { api_key: marked-key } }]' },
      'upstreams[0].auth.api_key',
    ],
    [
      {
        upstreams:
          'upstreams: [{ provider: anthropic, auth: { api_key: "${API_KEY}" }, headers: { x-team: marked-team } }]',
      },
      'upstreams[0].headers.x-team',
    ],
  ]
  for (const [changes, path] of rows) assertWarning(warned(changes), path, 'stands in the file')
})

test('a path or a URL without a password is no secret', () => {
  const federation = 'federation_rule_id: f, organization_id: o, identity_token_file: /t'
  const changes = {
    store: 'store: { postgres_url: "postgres://u@127.0.0.1/x" }',
    upstreams: `upstreams: [{ provider: anthropic, auth: { ${federation} } }]`,
  }

  assert.deepEqual(warned(changes, { files: { '/t': 'token' } }), [])
})

test('equal secrets and secrets of few distinct characters are warnings', () => {
  assertWarning(
    warned({ session: 'session: { jwt_secret: ["${JWT}", "${JWT}"] }' }),
    'session.jwt_secret[1] (from ${JWT})',
    'the same',
  )
  assertWarning(
    warned({ session: 'session: { jwt_secret: "${WEAK}" }' }, { variables: { WEAK: 'abcabcabc'.repeat(4) } }),
    'session.jwt_secret (from ${WEAK})',
    'fewer than 10 distinct',
  )
})

test('long sessions are a warning', () => {
  assertWarning(
    warned({ session: 'session: { jwt_secret: "${JWT}", ttl_hours: 25 }' }),
    'session.ttl_hours',
    'over 24',
  )
})

test('an open listener is a warning with the private ranges', () => {
  const open = { listen: 'listen: { public_url: "https://claude.example.com" }' }
  const ranges = '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, ::1/128, fc00::/7'

  assertWarning(warned(open), 'access_control.allow_cidrs', ranges)
  assert.deepEqual(warned({ ...open, access_control: 'access_control: { allow_cidrs: [10.0.0.0/8] }' }), [])
})

test('a loopback listener behind a proxy, or with a public name, is open too', () => {
  assertWarning(
    warned({ listen: 'listen: { host: 127.0.0.1, trusted_proxies: [127.0.0.1] }' }),
    'access_control.allow_cidrs',
    'every address',
  )
  assertWarning(
    warned({ listen: 'listen: { host: 127.0.0.1, public_url: "https://claude.example.com" }' }),
    'access_control.allow_cidrs',
    'every address',
  )
})

test('no trusted proxies on Cloud Run is a warning with an example', () => {
  assertWarning(
    warned({}, { variables: { K_SERVICE: 'gatehouse' } }),
    'listen.trusted_proxies',
    '169.254.0.0/16',
  )
})

test('trusting every peer is a warning', () => {
  const access = { access_control: 'access_control: { allow_cidrs: [10.0.0.0/8] }' }
  for (const range of ['0.0.0.0/0', '::/0']) {
    const listen = `listen: { host: 127.0.0.1, trusted_proxies: ["${range}"] }`
    assertWarning(warned({ ...access, listen }), 'listen.trusted_proxies[0]', 'forge')
  }
})

test('a public URL with a path, or in plain http, is a warning', () => {
  const access = { access_control: 'access_control: { allow_cidrs: [10.0.0.0/8] }' }

  assertWarning(
    warned({ ...access, listen: 'listen: { public_url: "https://a.example.com/x" }' }),
    'listen.public_url',
    'ingress must strip',
  )
  assertWarning(
    warned({ ...access, listen: 'listen: { public_url: "http://a.example.com" }' }),
    'listen.public_url',
    'clients refuse',
  )
  assert.deepEqual(warned({ ...access, listen: 'listen: { public_url: "http://localhost:8080" }' }), [])
})

test('admitting everybody in the identity provider is a warning', () => {
  const changes = {
    oidc: 'oidc: { issuer: "https://idp.example.com", client_id: c, client_secret: "${CLIENT_SECRET}" }',
  }

  assertWarning(warned(changes), 'oidc', 'anybody in the identity provider')
})

test('plain http to a provider is a warning, except on loopback', () => {
  const insecure = { oidc: SECTIONS['oidc']?.replace('https:', 'http:') ?? '' }
  const local = { oidc: SECTIONS['oidc']?.replace('https://idp.example.com', 'http://127.0.0.1:9') ?? '' }

  assertWarning(warned(insecure), 'oidc.issuer', 'clear text')
  assert.deepEqual(warned(local, { variables: { CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' } }), [])
  const upstreams =
    'upstreams: [{ provider: anthropic, base_url: "http://proxy.example.com", auth: { api_key: "${API_KEY}" } }]'
  assertWarning(warned({ upstreams }), 'upstreams[0].base_url', 'clear text')
})

test('weak settings of the sign-in are warnings', () => {
  assertWarning(warned(oidc('use_pkce: false')), 'oidc.use_pkce', 'authorization code')
  assertWarning(warned(oidc('clock_skew_seconds: 301')), 'oidc.clock_skew_seconds', 'over 300')
})

test('no offline_access with short sessions is a warning', () => {
  assertWarning(warned(oidc('scopes: [openid]')), 'oidc.scopes', 'offline_access')
  assert.deepEqual(
    warned({ ...oidc('scopes: [openid]'), session: 'session: { jwt_secret: "${JWT}", ttl_hours: 8 }' }),
    [],
  )
})

test('access_type offline stands for offline_access, which Google refuses', () => {
  assert.deepEqual(warned(oidc('scopes: [openid], extra_auth_params: { access_type: offline }')), [])
})

test('groups of Google without a look-up are a warning: it sends none', () => {
  const google = SECTIONS['oidc']
    ?.replace('https://idp.example.com', 'https://accounts.google.com')
    .slice(0, -1)

  assertWarning(
    warned({ oidc: `${google}, allowed_groups: [eng@example.com] }` }),
    'oidc.allowed_groups',
    'Google sends none',
  )
})

test('with a group look-up a named group that is no lower-case address would match nobody', () => {
  const lines = (group: string) =>
    fileWith({
      managed: `managed: { policies: [{ match: { groups: ["${group}"] }, code: {} }, { match: {}, code: {} }] }`,
      gatehouse: 'gatehouse: { google_groups: { mode: service_account_role } }',
    })

  assert.deepEqual(warningsOf(lines('team@example.com')), [])
  for (const group of ['Team@example.com', 'team'])
    assertWarning(warningsOf(lines(group)), 'managed.policies[0].match.groups[0]', 'would match nobody')
})

test('a database that may be reached in plain text is a warning', () => {
  const store = (query: string) => ({
    store: `store: { postgres_url: "postgres://u@db.example.com/x${query}" }`,
  })

  assertWarning(warned(store('')), 'store.postgres_url', 'plain text second')
  assert.deepEqual(warned(store('?sslmode=require')), [])
})

test('many connections per replica are a warning', () => {
  assertWarning(
    warned({ store: 'store: { postgres_url: "${DATABASE_URL}", max_connections: 101 }' }),
    'store.max_connections',
    'over 100',
  )
})

test('unusual request limits are warnings', () => {
  const cloudRun = { variables: { K_SERVICE: 'g' } }
  const proxied = {
    listen: 'listen: { host: 127.0.0.1, trusted_proxies: [169.254.0.0/16] }',
    access_control: 'access_control: { allow_cidrs: [10.0.0.0/8] }',
  }

  assertWarning(
    warned({ limits: 'limits: { max_request_bytes: 1048575 }' }),
    'limits.max_request_bytes',
    'under 1 MiB',
  )
  assertWarning(
    warned({ ...proxied, limits: 'limits: { max_request_bytes: 33554433 }' }, cloudRun),
    'limits.max_request_bytes',
    'Cloud Run',
  )
})

test('load_test_mode says that it is on', () => {
  assertWarning(
    warned({ load_test_mode: 'load_test_mode: { enabled: true }' }),
    'load_test_mode.enabled',
    'load_test_mode is on',
  )
})
