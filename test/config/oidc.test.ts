import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { createCertificate } from '../support/certificate.ts'
import { assertProblem, encrypted, fileWith, type JudgeOptions, judge } from '../support/config-text.ts'

const client = createCertificate({ notAfter: new Date(Date.now() + 100 * 86_400_000) })
const BASE = { issuer: 'https://idp.example.com', client_id: 'claude', client_secret: '"${CLIENT_SECRET}"' }
const KEY_FILES = { '/key': client.private_key_pem, '/cert': client.certificate_pem }
const ASSERTION = { private_key_pem: '${file:/key}', certificate_pem: '${file:/cert}' }

/** A file whose `oidc` has these keys on one line; undefined drops one. */
function fileOf(keys: Record<string, unknown>): string {
  const lines = Object.entries({ ...BASE, ...keys })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return fileWith({ oidc: `oidc: { ${lines.join(', ')} } # here` })
}

function oidcOf(keys: Record<string, unknown>, options?: JudgeOptions) {
  const result = judge(fileOf(keys), options)
  assert.ok(result.kind === 'loaded', JSON.stringify(result))
  return result.config.oidc
}

test('a client needs its secret', () => {
  assertProblem(fileOf({ client_secret: undefined }), 'oidc.client_secret', [
    'missing',
    'client_secret: ${OIDC_CLIENT_SECRET}',
  ])
})

test('a secret beside private_key_jwt is refused', () => {
  const keys = { token_endpoint_auth_method: 'private_key_jwt', client_assertion: ASSERTION }

  assertProblem(fileOf(keys), 'oidc.client_secret (from ${CLIENT_SECRET})', ['private_key_jwt'], {
    files: KEY_FILES,
  })
})

test('private_key_jwt needs client_assertion', () => {
  assertProblem(
    fileOf({ client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt' }),
    'oidc.client_assertion',
    ['missing', '${file:/run/secrets/idp.key}'],
  )
})

test('client_assertion without private_key_jwt is refused', () => {
  assertProblem(fileOf({ client_assertion: ASSERTION }), 'oidc.client_assertion', ['private_key_jwt only'], {
    files: KEY_FILES,
  })
})

test('a matching key and certificate sign in the client', () => {
  const keys = {
    client_secret: undefined,
    token_endpoint_auth_method: 'private_key_jwt',
    client_assertion: ASSERTION,
  }

  const oidc = oidcOf(keys, { files: KEY_FILES })

  assert.equal(oidc.client_assertion?.private_key_pem, client.private_key_pem.trim())
})

test('a key that is too short, of another kind, encrypted or no PEM is refused', () => {
  const short = createCertificate({ modulusLength: 1024 })
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  })
  const rows: [string, string][] = [
    [short.private_key_pem, 'no RSA key of at least 2048 bits'],
    [elliptic.toString(), 'no RSA key of at least 2048 bits'],
    [encrypted(client.private_key_pem), 'is an encrypted key'],
    ['/etc/key.pem', 'is no PEM private key'],
  ]
  for (const [pem, words] of rows) {
    const keys = {
      client_secret: undefined,
      token_endpoint_auth_method: 'private_key_jwt',
      client_assertion: ASSERTION,
    }
    const files = {
      '/key': pem,
      '/cert': pem === short.private_key_pem ? short.certificate_pem : client.certificate_pem,
    }
    const result = judge(fileOf(keys), { files })
    assert.ok(result.kind === 'refused')
    assert.ok(
      result.problems.some(
        problem =>
          problem.path.startsWith('oidc.client_assertion.private_key_pem') && problem.text.includes(words),
      ),
    )
  }
})

test('a certificate that does not match, or is not exactly one, is refused', () => {
  const keys = {
    client_secret: undefined,
    token_endpoint_auth_method: 'private_key_jwt',
    client_assertion: ASSERTION,
  }
  const path = 'oidc.client_assertion.certificate_pem (from ${file:/cert})'

  assertProblem(fileOf(keys), path, ['does not match'], {
    files: { ...KEY_FILES, '/cert': createCertificate().certificate_pem },
  })
  assertProblem(fileOf(keys), path, ['exactly one'], {
    files: { ...KEY_FILES, '/cert': client.certificate_pem.repeat(2) },
  })
})

test('domains are lower-cased and lose one leading @', () => {
  assert.deepEqual(
    oidcOf({ allowed_email_domains: ['@Example.COM', 'b.example.com'] }).allowed_email_domains,
    ['example.com', 'b.example.com'],
  )
})

test('an empty list of domains or groups would not mean everybody', () => {
  assertProblem(fileOf({ allowed_email_domains: [] }), 'oidc.allowed_email_domains', ['everybody'])
  assertProblem(fileOf({ allowed_groups: [] }), 'oidc.allowed_groups', ['everybody'])
})

test('a domain that is empty or holds @, comma or space is refused', () => {
  for (const domain of [' ', '@', 'a@b.example', 'a.example,b.example', 'a b']) {
    const result = judge(fileOf({ allowed_email_domains: [domain] }))
    assert.ok(result.kind === 'refused')
    assert.equal(result.problems[0]?.path, 'oidc.allowed_email_domains[0]')
  }
})

test('an empty group would match nobody', () => {
  assertProblem(fileOf({ allowed_groups: ['a', ' '] }), 'oidc.allowed_groups[1]', ['match nobody'])
})

test('email_claim is one claim or a list of them', () => {
  assert.deepEqual(oidcOf({ email_claim: 'upn' }).email_claim, ['upn'])
  assert.deepEqual(oidcOf({ email_claim: ['email', '/a/b'] }).email_claim, ['email', '/a/b'])
  assertProblem(fileOf({ email_claim: [] }), 'oidc.email_claim', ['at least one claim'])
})

test('scopes must hold openid', () => {
  assertProblem(fileOf({ scopes: ['profile'] }), 'oidc.scopes', ['must hold openid'])
})

test('parameters that the gateway computes cannot be replaced', () => {
  const own =
    'state nonce redirect_uri code_challenge code_challenge_method scope response_type response_mode client_id'
  for (const name of own.split(' ')) {
    assertProblem(fileOf({ extra_auth_params: { [name]: 'x' } }), `oidc.extra_auth_params.${name}`, [
      'is set by the gateway',
    ])
  }
  assert.deepEqual(oidcOf({ extra_auth_params: { prompt: 'login' } }).extra_auth_params, { prompt: 'login' })
})

test('algorithms that anybody with the client secret could forge are refused', () => {
  for (const algorithm of ['none', 'HS256', 'RS1']) {
    assertProblem(fileOf({ id_token_signed_response_alg: algorithm }), 'oidc.id_token_signed_response_alg', [
      'one of RS256',
    ])
  }
})

test('a discovery URL must be a well-known one', () => {
  assertProblem(fileOf({ discovery_url: 'https://idp.example.com/x' }), 'oidc.discovery_url', [
    '/.well-known/',
  ])
})

test('form-action origins are scheme, host and port only', () => {
  assert.deepEqual(oidcOf({ form_action_origins: ['https://login.example.com:8443/'] }).form_action_origins, [
    'https://login.example.com:8443',
  ])
  assertProblem(
    fileOf({ form_action_origins: ['https://login.example.com/x'] }),
    'oidc.form_action_origins[0]',
    ['host and port only'],
  )
})

test('a path instead of a certificate suggests ${file:}', () => {
  assertProblem(fileOf({ ca_cert_pem: '/etc/ca.pem' }), 'oidc.ca_cert_pem', [
    'no PEM certificate',
    '${file:/path/ca.pem}',
  ])
})

test('the key file of the Google look-up must be a service account’s', () => {
  const google_groups = { service_account_json_path: '/sa.json', admin_email: 'admin@example.com' }
  const path = 'oidc.google_groups.service_account_json_path'

  assertProblem(fileOf({ google_groups }), path, ['cannot be read (ENOENT)'])
  assertProblem(fileOf({ google_groups }), path, ['no service-account key'], {
    files: { '/sa.json': '{"type":"authorized_user"}' },
  })
})

test('an issuer on a metadata server, the link or loopback is refused by category', () => {
  const rows = [
    ['http://169.254.169.254/', 'metadata'],
    ['http://metadata.google.internal', 'metadata'],
    ['https://169.254.7.7', 'link-local'],
    ['https://127.1', 'loopback'],
    ['https://[::1]:8443', 'loopback'],
    ['https://localhost', 'CLAUDE_GATEWAY_ALLOW_LOOPBACK=1'],
  ]
  for (const [issuer = '', words = ''] of rows)
    assertProblem(fileOf({ issuer: `"${issuer}"` }), 'oidc.issuer', [words])
})

test('loopback is open with the variable set to exactly 1', () => {
  const variables = { CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' }

  assert.equal(oidcOf({ issuer: '"http://localhost:9000"' }, { variables }).issuer, 'http://localhost:9000')
  assertProblem(fileOf({ issuer: '"http://169.254.169.254"' }), 'oidc.issuer', ['metadata'], { variables })
})
