import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertProblem, fileWith, judge, problemsOf } from '../support/config-text.ts'

/** A file with these upstreams, one a line; each must be a flow mapping. */
const fileOf = (...upstreams: string[]) =>
  fileWith({ upstreams: `upstreams:\n${upstreams.map(line => `  - ${line}`).join('\n')}` })

const anthropic = (more: string, auth = '{ api_key: "${API_KEY}" }') =>
  `{ provider: anthropic, auth: ${auth}, ${more} } # here`

test('an anthropic upstream has the public API as its base, and its provider as its name', () => {
  const result = judge(fileWith())

  assert.ok(result.kind === 'loaded')
  assert.deepEqual(result.config.upstreams, [
    {
      provider: 'anthropic',
      name: 'anthropic',
      headers: {},
      base_url: 'https://api.anthropic.com',
      forward_user_identity: false,
      auth: { api_key: 'marked-api-key' },
    },
  ])
})

test('at least one upstream is needed, and 64 are enough', () => {
  assertProblem(fileWith({ upstreams: 'upstreams: [] # here' }), 'upstreams', ['at least one upstream'])
  const many = Array.from(
    { length: 65 },
    (_, i) => `{ provider: anthropic, name: u${i}, auth: { api_key: "\${API_KEY}" } }`,
  )
  assertProblem(fileOf(...many), 'upstreams', ['at most 64'])
})

test('an unknown provider offers the nearest one', () => {
  assertProblem(fileOf('{ provider: anthropc } # here'), 'upstreams[0].provider', [
    'one of anthropic, bedrock',
    'did you mean anthropic?',
  ])
})

test('a provider is required', () => {
  assertProblem(fileOf('{ name: x } # here'), 'upstreams[0].provider', ['missing', 'provider: anthropic'])
})

test('the provider of the other cloud is known but not supported, and points to vertex', () => {
  assertProblem(fileOf('{ provider: anthropicGoogleCloud } # here'), 'upstreams[0].provider', [
    'not supported here',
    'vertex',
  ])
})

test('two upstreams of one name are refused at the second', () => {
  const first = '{ provider: anthropic, auth: { api_key: "${API_KEY}" } }'

  assertProblem(fileOf(first, `${first} # here`), 'upstreams[1]', ['same name', 'set `name:`'])
  assertProblem(fileOf(first, anthropic('name: anthropic')), 'upstreams[1].name', ['same name'])
})

test('a name is at most 128 characters', () => {
  assertProblem(fileOf(anthropic(`name: ${'x'.repeat(129)}`)), 'upstreams[0].name', ['at most 128'])
})

test('a base URL drops one trailing slash, and carries no query, fragment or user info', () => {
  const result = judge(fileOf(anthropic('base_url: "https://proxy.example.com/x/"')))
  assert.ok(result.kind === 'loaded')
  assert.equal(result.config.upstreams[0]?.base_url, 'https://proxy.example.com/x')
  for (const url of ['https://h/?a', 'https://h/#a', 'https://u:p@h/', 'h.example.com']) {
    assert.equal(problemsOf(fileOf(anthropic(`base_url: "${url}"`)))[0]?.path, 'upstreams[0].base_url')
  }
})

test('a base URL on a metadata server, the link or loopback is refused by category', () => {
  const rows = [
    ['http://169.254.170.2/', 'metadata'],
    ['http://[fe80::1]/', 'link-local'],
    ['http://2130706433:8080', 'CLAUDE_GATEWAY_ALLOW_LOOPBACK=1'],
  ]
  for (const [url = '', words = ''] of rows)
    assertProblem(fileOf(anthropic(`base_url: "${url}"`)), 'upstreams[0].base_url', [words])
})

test('a host from an expansion is refused without being named', () => {
  const [problem] = problemsOf(fileOf(anthropic('base_url: "${URL}"')), {
    variables: { URL: 'http://169.254.169.254/marked-path' },
  })

  assert.deepEqual(
    [problem?.path, problem?.text],
    ['upstreams[0].base_url (from ${URL})', 'the value is refused: metadata.'],
  )
})

test('exactly one credential is taken, and a mixture names both', () => {
  const rows = [
    ['{ api_key: "${API_KEY}", oauth_token: "${API_KEY}" }', ['api_key and oauth_token', 'exactly one form']],
    ['{ api_key: "${API_KEY}", identity_token_file: /t }', ['api_key and federation_rule_id']],
    ['{}', ['{api_key}, {oauth_token}, or {federation_rule_id']],
    ['{ federation_rule_id: f }', ['lacks organization_id and identity_token_file']],
    ['{ workspace_id: w }', ['lacks federation_rule_id']],
  ] as const
  for (const [auth, words] of rows)
    assertProblem(fileOf(anthropic('name: a', auth)), 'upstreams[0].auth', words)
})

test('federation takes an absolute token file', () => {
  const auth = (file: string) => `{ federation_rule_id: f, organization_id: o, identity_token_file: ${file} }`

  assert.equal(judge(fileOf(anthropic('name: a', auth('/run/token')))).kind, 'loaded')
  assertProblem(fileOf(anthropic('name: a', auth('token'))), 'upstreams[0].auth.identity_token_file', [
    'an absolute path',
  ])
})

test('forward_user_identity to Anthropic is refused: it is for a proxy that you run', () => {
  for (const base of [
    '',
    ', base_url: "https://API.Anthropic.com"',
    ', base_url: "https://eu.anthropic.com."',
  ]) {
    assertProblem(
      fileOf(anthropic(`name: a, forward_user_identity: true${base}`)),
      'upstreams[0].forward_user_identity',
      ['a proxy that you run'],
    )
  }
  const proxy = ', base_url: "https://notanthropic.com"'
  assert.equal(judge(fileOf(anthropic(`name: a, forward_user_identity: true${proxy}`))).kind, 'loaded')
})

test('headers that the gateway computes cannot be replaced, in any case of letters', () => {
  const names =
    'Authorization X-API-Key host content-type content-length content-encoding user-agent accept accept-encoding expect ' +
    'proxy-authorization connection keep-alive te trailer transfer-encoding upgrade x-litellm-end-user-id anthropic-beta ' +
    'X-Goog-a x-amz-a x-amzn-a x-stainless-a x-claude-gateway-a cookie proxy-anything'
  for (const name of names.split(' ')) {
    assertProblem(fileOf(anthropic(`headers: { ${name}: x }`)), `upstreams[0].headers.${name}`, [
      'is set by the gateway',
    ])
  }
})

test('other headers are accepted', () => {
  const result = judge(
    fileOf(anthropic('headers: { via: x, origin: y, x-forwarded-for: z, traceparent: "a b" }')),
  )

  assert.ok(result.kind === 'loaded')
  assert.deepEqual(Object.keys(result.config.upstreams[0]?.headers ?? {}), [
    'via',
    'origin',
    'x-forwarded-for',
    'traceparent',
  ])
})

test('a header’s value is printable ASCII without space at its ends, and never shown', () => {
  for (const value of [
    '" marked-x"',
    '"marked-x "',
    '"marked\\tx"',
    '"marked-é"',
    '"marked-\\n"',
    '""',
    '7',
  ]) {
    const problems = problemsOf(fileOf(anthropic(`headers: { x-team: ${value} }`)))
    assert.deepEqual(
      problems.map(problem => problem.path),
      ['upstreams[0].headers.x-team'],
    )
  }
})

test('a name that is no header name is refused', () => {
  assertProblem(fileOf(anthropic('headers: { "x team": y }')), 'upstreams[0].headers["x team"]', [
    'not a header name',
  ])
})

test('lists of models hold one * at most, and are never empty', () => {
  assertProblem(fileOf(anthropic('models: []')), 'upstreams[0].models', ['leave the key out'])
  assertProblem(fileOf(anthropic('models: [" "]')), 'upstreams[0].models[0]', ['match nothing'])
  assertProblem(fileOf(anthropic('models: ["claude-*-4-*"]')), 'upstreams[0].models[0]', ['at most one *'])
})

test('a mistyped key of an upstream offers a key of its provider', () => {
  assertProblem(fileOf(anthropic('base_ulr: x')), 'upstreams[0].base_ulr', ['Did you mean base_url?'])
  assertProblem(fileOf(anthropic('region: x')), 'upstreams[0].region', ['unknown key. (Keys'])
})

test('a credential written as a key is not shown', () => {
  const problems = problemsOf(fileOf('{ provider: anthropic, auth: { marked-sk-ant-1 } }'))

  assert.deepEqual(
    problems.map(problem => problem.path),
    ['upstreams[0].auth', 'upstreams[0].auth["15 characters"]'],
  )
})
