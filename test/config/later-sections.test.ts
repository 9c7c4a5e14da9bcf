// telemetry, tuning, cri and gatehouse: ranges, patterns, and how their keys go together.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertProblem, fileWith, judge, problemsOf } from '../support/config-text.ts'

const forward = (lines: string) => fileWith({ telemetry: `telemetry: { forward_to: [{ ${lines} }] } # here` })
const attributes = (lines: string) =>
  fileWith({ telemetry: `telemetry: { resource_attributes: { ${lines} } } # here` })
const gatehouse = (lines: string) => fileWith({ gatehouse: `gatehouse: { ${lines} } # here` })
const loopback = { variables: { CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' } }

test('a collector is reached by https', () => {
  assertProblem(forward('url: "http://otel.example.com"'), 'telemetry.forward_to[0].url', [
    'clear text',
    'use https',
  ])
  assert.deepEqual(problemsOf(forward('url: "https://otel.example.com:4318"')), [])
})

test('a collector on loopback: by name it boots, by literal it needs the variable', () => {
  assert.deepEqual(problemsOf(forward('url: "http://localhost:4318"')), [])
  assertProblem(forward('url: "http://127.0.0.1:4318"'), 'telemetry.forward_to[0].url', [
    'CLAUDE_GATEWAY_ALLOW_LOOPBACK=1',
  ])
  assert.deepEqual(problemsOf(forward('url: "http://127.0.0.1:4318"'), loopback), [])
})

test('headers that the relay sets cannot be replaced', () => {
  for (const name of ['Host', 'content-type', 'content-anything', 'connection', 'te']) {
    assertProblem(
      forward(`url: "https://o.example.com", headers: { ${name}: x }`),
      `telemetry.forward_to[0].headers.${name}`,
      ['is set by the gateway'],
    )
  }
})

test('a Google credential goes to Google only, and beside no other', () => {
  const google = 'auth: { google: {} }'

  assert.deepEqual(problemsOf(forward(`url: "https://telemetry.googleapis.com", ${google}`)), [])
  assertProblem(
    forward(`url: "https://googleapis.com.example.com", ${google}`),
    'telemetry.forward_to[0].auth.google',
    ['googleapis.com'],
  )
  assertProblem(
    forward(`url: "https://telemetry.googleapis.com", headers: { Authorization: x }, ${google}`),
    'telemetry.forward_to[0].headers.Authorization',
    ['auth.google'],
  )
})

test('attributes that clients stamp themselves are refused, in any case of letters', () => {
  const names =
    'user.id User.Email enduser.id identity.x service.name service.version claude.deployment_mode host.arch os.type os.version wsl.version'
  for (const name of names.split(' ')) {
    assertProblem(attributes(`${name}: x`), `telemetry.resource_attributes["${name}"]`, [
      'is set by the client',
    ])
  }
})

test('an attribute’s value is printable and travels unencoded', () => {
  assert.deepEqual(problemsOf(attributes('a.b: "a/b", c-d: "x+y&z", e_f: "1"')), [])
  for (const value of [
    'a b',
    'a,b',
    'a;b',
    'a=b',
    'a\\\\b',
    'a\\"b',
    'a%b',
    'é',
    '',
    'x'.repeat(256),
    '/'.repeat(100),
  ]) {
    const [problem] = problemsOf(attributes(`a: "${value}"`))
    assert.equal(problem?.path, 'telemetry.resource_attributes.a', value)
  }
})

test('tuning keeps its ranges', () => {
  const rows = [
    ['access_control', 'deny_cidrs: [10.0.0.0/40]', 'access_control.deny_cidrs[0]', 'CIDR'],
    ['access_control', 'allow_cidrs: 10.0.0.0/8', 'access_control.allow_cidrs', 'a list'],
    ['limits', 'max_request_bytes: 0', 'limits.max_request_bytes', 'at least 1'],
    ['limits', 'max_request_header_bytes: 0', 'limits.max_request_header_bytes', 'at least 1'],
    ['limits', 'max_url_length: 0', 'limits.max_url_length', 'at least 1'],
    ['timeouts', 'upstream_ttfb_ms: 0', 'timeouts.upstream_ttfb_ms', 'from 1 to 2147483647'],
    [
      'gatehouse',
      'timeouts: { client_body_ms: 2147483648 }',
      'gatehouse.timeouts.client_body_ms',
      'from 1 to 2147483647',
    ],
    ['rate_limits', 'device_verify: { max: 0 }', 'rate_limits.device_verify.max', 'at least 1'],
    [
      'rate_limits',
      'device_authorization: { window_seconds: 0 }',
      'rate_limits.device_authorization.window_seconds',
      'at least 1',
    ],
    ['load_test_mode', 'reply_tokens: 5', 'load_test_mode.enabled', 'missing'],
    ['load_test_mode', 'enabled: yes', 'load_test_mode.enabled', 'true or false'],
    [
      'load_test_mode',
      'enabled: true, reply_tokens: 100001',
      'load_test_mode.reply_tokens',
      'from 1 to 100000',
    ],
    ['load_test_mode', 'enabled: true, reply_seconds: 601', 'load_test_mode.reply_seconds', 'up to 600'],
    ['cri', 'enabled: true', 'cri.enabled', 'not supported here'],
  ]
  for (const [section = '', lines = '', path = '', words = ''] of rows) {
    assertProblem(fileWith({ [section]: `${section}: { ${lines} } # here` }), path, [words])
  }
})

test('a header limit over the parser’s own is accepted and taken for that one', () => {
  const result = judge(fileWith({ limits: 'limits: { max_request_header_bytes: 1048576 }' }))

  assert.ok(result.kind === 'loaded')
  assert.equal(result.config.limits.max_request_header_bytes, 262_144)
  assert.ok(result.warnings.some(({ path }) => path === 'limits.max_request_header_bytes'))
})

test('tuning has the defaults of the manual', () => {
  const result = judge(
    fileWith({ load_test_mode: 'load_test_mode: { enabled: "false" }', cri: 'cri: { enabled: false }' }),
  )

  assert.ok(result.kind === 'loaded')
  const { access_control, limits, timeouts, rate_limits, load_test_mode } = result.config
  assert.deepEqual(
    { access_control, limits, timeouts, rate_limits, load_test_mode },
    {
      access_control: { allow_cidrs: [], deny_cidrs: [] },
      limits: { max_request_bytes: 33_554_432, max_request_header_bytes: 262_144 },
      timeouts: {},
      rate_limits: {
        device_authorization: { max: 30, window_seconds: 600 },
        device_verify: { max: 10, window_seconds: 600 },
      },
      load_test_mode: { enabled: false, reply_tokens: 750, reply_seconds: 9.5 },
    },
  )
})

test('gatehouse keeps its ranges', () => {
  const rows = [
    ['session: { refresh_idle_days: 366 }', 'session.refresh_idle_days', 'from 1 to 365'],
    ['session: { refresh_grace_seconds: 601 }', 'session.refresh_grace_seconds', 'from 0 to 600'],
    ['session: { refresh_token_mode: raw }', 'session.refresh_token_mode', 'wrapped_accept_raw'],
    ['session: { on_refresh_reuse: warn }', 'session.on_refresh_reuse', 'refuse, revoke'],
    ['sign_in: { address_match: on }', 'sign_in.address_match', 'warn, require, off'],
    [`sign_in: { login_notice: ${'x'.repeat(501)} }`, 'sign_in.login_notice', 'at most 500'],
    ['limits: { max_concurrent_inference: 0 }', 'limits.max_concurrent_inference', 'at least 1'],
    ['timeouts: { client_stall_ms: 0 }', 'timeouts.client_stall_ms', 'from 1 to 2147483647'],
    ['timeouts: { upstream_idle_ms: -1 }', 'timeouts.upstream_idle_ms', 'from 0 to 2147483647'],
    ['policy: { unmatched: maybe }', 'policy.unmatched', 'allow, deny'],
    ['policy: { accepted_checksums: [xyz] }', 'policy.accepted_checksums[0]', '64 hexadecimal'],
    ['policy: { accepted_checksums: ["sha256:ab"] }', 'policy.accepted_checksums[0]', '64 hexadecimal'],
    ['spend: { settle_timeout_ms: 2001 }', 'spend.settle_timeout_ms', 'from 0 to 2000'],
    ['allow_unknown_settings: 1', 'allow_unknown_settings', 'a list of setting names'],
    [
      'cloud_sql: { instance_connection_name: "p:r" }',
      'cloud_sql.instance_connection_name',
      'project:region:instance',
    ],
  ]
  for (const [lines = '', path = '', words = ''] of rows) {
    const problems = problemsOf(gatehouse(lines)).filter(problem =>
      problem.path.startsWith(`gatehouse.${path}`),
    )
    assert.equal(problems.length, 1, path)
    assert.ok(problems[0]?.text.includes(words), `${problems[0]?.text}`)
  }
})

test('each mode of the Google look-up takes its own keys', () => {
  const rows = [
    [
      'mode: service_account_role, admin_email: a@b.example',
      'admin_email',
      'not used with mode service_account_role',
    ],
    ['mode: keyless_delegation', 'admin_email', 'needs it'],
    ['mode: key_file, admin_email: a@b.example', 'key_path', 'needs it'],
    [
      'mode: key_file, admin_email: a@b.example, key_path: /k, service_account: a@b.example',
      'service_account',
      'not used with mode key_file',
    ],
    ['mode: keyless_delegation, admin_email: a@b.example, key_path: /k', 'key_path', 'not used'],
    ['nested: true', 'mode', 'missing'],
    ['mode: service_account_role, nested: true, membership: auto', 'nested', 'the short form of membership'],
    ['mode: service_account_role, membership: check', 'membership', 'check asks about no group'],
    ['mode: key_file, admin_email: a@b.example, key_path: /nowhere', 'key_path', 'cannot be read (ENOENT)'],
    ['mode: key_file, admin_email: a@b.example, key_path: /other', 'key_path', 'no service-account key'],
  ]
  const key = JSON.stringify({ type: 'service_account', client_email: 'x', private_key: 'y' })
  const files = { '/k': key, '/other': '{}' }
  for (const [lines = '', name = '', words = ''] of rows) {
    const text = gatehouse(`google_groups: { ${lines} }`)
    assertProblem(text, `gatehouse.google_groups.${name}`, [words], { files })
  }
  assert.deepEqual(problemsOf(gatehouse('google_groups: { mode: service_account_role, nested: true }')), [])
})

test('the membership check asks about a hundred groups at most', () => {
  const lines = 'google_groups: { mode: service_account_role, membership: check }'
  const fileOf = (count: number) => {
    const groups = Array.from({ length: count }, (_, i) => `g${i}@example.com`)
    return `${gatehouse(lines)}managed: { policies: [{ match: { groups: [${groups}] } }] }\n`
  }

  assert.deepEqual(problemsOf(fileOf(100)), [])
  assertProblem(fileOf(101), 'gatehouse.google_groups.membership', ['101 groups', 'choose auto'])
})
