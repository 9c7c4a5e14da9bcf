// Warnings about models, credentials that are not there yet, and certificates.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCertificate } from '../support/certificate.ts'
import { assertWarning, fileWith, type JudgeOptions, warningsOf } from '../support/config-text.ts'

const warned = (changes: Record<string, string>, options?: JudgeOptions) =>
  warningsOf(fileWith(changes), options)

test('a configuration under which no model can be requested is a warning', () => {
  const off = 'auto_include_builtin_models: false'

  assertWarning(
    warned({ auto_include_builtin_models: off }),
    'auto_include_builtin_models',
    'no model can be requested',
  )
  assert.deepEqual(warned({ auto_include_builtin_models: off, models: 'models: [{ id: x }]' }), [])
})

test('a repeated model id is a warning: the first wins', () => {
  assertWarning(warned({ models: 'models: [{ id: x }, { id: X }]' }), 'models[1].id', 'first entry wins')
})

test('an entry of an upstream’s models that matches nothing is a warning', () => {
  const builtins = [{ id: 'claude-opus-4-8', names: ['claude-opus-4-8-20260101'] }]
  const upstreams = (models: string) => ({
    upstreams: `upstreams: [{ provider: anthropic, models: [${models}], auth: { api_key: "\${API_KEY}" } }]`,
  })

  assert.deepEqual(warned(upstreams('claude-opus-4-8, "claude-OPUS-*", "*-20260101"'), { builtins }), [])
  assertWarning(warned(upstreams('claude-opus'), { builtins }), 'upstreams[0].models[0]', 'matches no model')
  const off = {
    ...upstreams('claude-opus-4-8'),
    auto_include_builtin_models: 'auto_include_builtin_models: false',
    models: 'models: [{ id: x }]',
  }
  assertWarning(warned(off, { builtins }), 'upstreams[0].models[0]', 'matches no model')
})

test('a token file that is not there yet is a warning', () => {
  const federation = 'federation_rule_id: f, organization_id: o, identity_token_file: /t'

  assertWarning(
    warned({ upstreams: `upstreams: [{ provider: anthropic, auth: { ${federation} } }]` }),
    'upstreams[0].auth.identity_token_file',
    'ENOENT',
  )
})

test('a client certificate near its end is a warning', () => {
  const { certificate_pem, private_key_pem } = createCertificate({
    notAfter: new Date(Date.now() + 86_400_000),
  })
  const more =
    'token_endpoint_auth_method: private_key_jwt, client_assertion: { private_key_pem: "${file:/k}", certificate_pem: "${file:/c}" }'
  const changes = {
    oidc: `oidc: { issuer: "https://idp.example.com", client_id: c, allowed_groups: [a], ${more} }`,
  }

  const lines = warned(changes, { files: { '/k': private_key_pem, '/c': certificate_pem }, now: Date.now() })

  assertWarning(lines, 'oidc.client_assertion.certificate_pem (from ${file:/c})', 'less than 30 days')
})

test('answers that end before their cost is stored are a warning, where it is stored at all', () => {
  const gatehouse = 'gatehouse: { spend: { settle_timeout_ms: 0 } }'
  const admin = 'admin: { write_keys: [{ id: a, key: "${JWT}" }] }'

  assertWarning(
    warned({ admin, gatehouse }),
    'gatehouse.spend.settle_timeout_ms',
    'a process that is killed loses it',
  )
  assert.deepEqual(
    warned({ gatehouse }).filter(line => line.includes('settle')),
    [],
  )
})

test('reservations where nothing is metered are a warning', () => {
  const gatehouse = 'gatehouse: { spend: { reserve: true } }'
  const admin = 'admin: { write_keys: [{ id: a, key: "${JWT}" }] }'

  assertWarning(warned({ gatehouse }), 'gatehouse.spend.reserve', 'no effect without the section admin')
  assert.deepEqual(
    warned({ admin, gatehouse }).filter(line => line.includes('reserve')),
    [],
  )
})

test('cri without effect is a warning', () => {
  assertWarning(warned({ cri: 'cri: { enabled: false }' }), 'cri', 'no effect')
})
