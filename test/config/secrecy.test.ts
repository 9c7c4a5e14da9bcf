// No message holds a secret, whatever is wrong with the file around it (C-17).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { problemReport, warningLine } from '../../app/config/problems.ts'
import { assertNoSecret, fileWith, judge } from '../support/config-text.ts'

/** Everything that is printed about a file. */
function printed(text: string, variables: Record<string, string> = {}): string {
  const result = judge(text, { variables })
  const problems = result.kind === 'refused' ? result.problems : []
  return problemReport('gateway.yaml', problems) + result.warnings.map(warningLine).join('\n')
}

/** Every place of the file that holds a secret; `VALUE` stands for it. */
const PLACES: readonly Record<string, string>[] = [
  { oidc: 'oidc: { client_secret: VALUE }' },
  { oidc: 'oidc: { client_assertion: { private_key_pem: VALUE } }' },
  { session: 'session: { jwt_secret: VALUE }' },
  { session: 'session: { jwt_secret: [VALUE, VALUE] }' },
  { store: 'store: { postgres_url: VALUE }' },
  { store: 'store: { password: VALUE }' },
  { upstreams: 'upstreams: [{ provider: anthropic, auth: VALUE }]' },
  { upstreams: 'upstreams: [{ provider: anthropic, auth: { api_key: VALUE } }]' },
  {
    upstreams:
      'upstreams: [{ provider: anthropic, auth: { oauth_token: VALUE }, headers: { x-a: VALUE, host: VALUE } }]',
  },
  {
    upstreams:
      'upstreams: [{ provider: bedrock, auth: { aws_secret_access_key: VALUE, aws_session_token: VALUE } }]',
  },
  { upstreams: 'upstreams: [{ provider: bedrock, auth: { aws_bearer_token: VALUE, api_key: VALUE } }]' },
  { admin: 'admin: { write_keys: [{ id: a, key: VALUE }, { id: b, key: VALUE }] }' },
  { telemetry: 'telemetry: { forward_to: [{ url: x, headers: { authorization: VALUE, host: VALUE } }] }' },
  {
    gatehouse:
      'gatehouse: { spend: { alert_webhook: { url: VALUE, secret: VALUE, headers: { x-a: VALUE, host: VALUE } } } }',
  },
]

const SHAPES = [
  '"marked-x"',
  '"marked x\\n"',
  '" marked-x"',
  '[marked-x]',
  '{ marked-x: marked-y }',
  '{ marked-x }',
  'marked-${X',
  '"marked-${A:-b}"',
  '{ a: { marked1: 2 } }',
]

test('a literal secret of any shape is never printed', () => {
  for (const place of PLACES) {
    for (const shape of SHAPES) {
      const changes = Object.fromEntries(
        Object.entries(place).map(([key, lines]) => [key, lines.replaceAll('VALUE', shape)]),
      )
      assertNoSecret(printed(fileWith(changes)))
    }
  }
})

test('a secret from the environment is never printed, in whichever key it was put', () => {
  const keys = [
    'listen: { host: "${V}" }',
    'listen: { port: "${V}" }',
    'listen: { public_url: "https://x/${V}?" }',
    'listen: { trusted_proxies: ["${V}"] }',
    'oidc: { issuer: "https://${V}" }',
    'oidc: { token_endpoint_auth_method: "${V}" }',
    'session: { ttl_hours: "${V}" }',
    'upstreams: [{ provider: "${V}", name: "${V}" }]',
    'upstreams: [{ provider: anthropic, name: "${V}" }, { provider: anthropic, name: "${V}" }]',
    'models: [{ id: "${V}", upstream_model: { nowhere: "${V}" } }, { id: "${V}" }]',
    'access_control: { deny_cidrs: ["${V}"] }',
    'managed: { policies: [{ match: { groups: ["${V}"], email_domain: "${V}@" }, code: { verbose: "${V}", env: { A: ["${V}"] } } }] }',
    'telemetry: { resource_attributes: { a: "${V} " } }',
    'gatehouse: { log_format: "${V}", sign_in: { login_notice: "${V}" } }',
  ]
  const values = ['marked-value', 'http://marked-host/', '169.254.169.254/marked-path', 'marked\u0007']

  for (const lines of keys) {
    for (const value of values) {
      const name = lines.slice(0, lines.indexOf(':'))
      assertNoSecret(printed(fileWith({ [name]: lines }), { V: value }))
    }
  }
})

test('text that is no YAML is never quoted', () => {
  const pieces = fc.constantFrom(
    'marked-',
    'session: ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    ': ',
    '\n',
    '  ',
    '- ',
    '&',
    '*',
    '!',
    '|',
    '>',
    '%',
    '@',
    '\\',
    '#',
    ',',
  )

  fc.assert(
    fc.property(fc.array(pieces, { minLength: 1, maxLength: 30 }), words => {
      const text = `session: { jwt_secret: ${words.join('')}`
      const output = printed(text)
      // What became a key by YAML's rules is named: "session.marked-: has no value".
      const isKey = /unknown key|given twice|session\.marked-\S*: has no value/.test(output)
      assert.ok(isKey || !output.includes('marked-'), output)
    }),
    { numRuns: 1000 },
  )
})
