// Files of the reference gateway are accepted as they are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCertificate } from '../support/certificate.ts'
import { problemsOf } from '../support/config-text.ts'

const client = createCertificate({ notAfter: new Date(Date.now() + 100 * 86_400_000) })
const files = { '/k': client.private_key_pem, '/c': client.certificate_pem }

test('a file with every key that came with a later version of the reference is valid', () => {
  const text = `
listen: { public_url: "https://claude.example.com" }
oidc:
  issuer: https://idp.example.com
  client_id: claude
  token_endpoint_auth_method: private_key_jwt
  client_assertion: { private_key_pem: "\${file:/k}", certificate_pem: "\${file:/c}" }
  scope_on_refresh: true
  use_proxy: false
session: { jwt_secret: "\${JWT}" }
store: { postgres_url: "\${DATABASE_URL}", connect_timeout_seconds: 10, readiness_grace_seconds: 60 }
upstreams:
  - provider: anthropic
    base_url: https://proxy.example.com
    forward_user_identity: true
    headers: { x-tenant: "\${API_KEY}" }
    models: ["claude-*"]
    auth: { api_key: "\${API_KEY}" }
  - provider: bedrock
    region: us-east-1
    guardrail: { id: gr-1, version: "3" }
    assume_role: { role_arn: "arn:aws:iam::123456789012:role/claude", external_id: x, session_name: sub }
    auth: {}
admin: { admin_groups: [finops], billing_group_tag: team }
pricing: { multiplier: 10 }
managed: { policies: [{ match: {}, code: { availableModels: [claude-opus-4-8] }, desktop: {} }] }
telemetry:
  forward_to: [{ url: "https://telemetry.googleapis.com", auth: { google: {} }, traces: true }]
  resource_attributes: { deployment.environment.name: prod }
limits: { max_request_header_bytes: 65536 }
timeouts: { upstream_ttfb_ms: 600000 }
load_test_mode: { enabled: true, reply_tokens: 1, reply_seconds: 0 }
`

  assert.deepEqual(problemsOf(text, { files }), [])
})

test('mantle upstreams are valid where no guardrail is set', () => {
  const text = `
listen:
  host: localhost
  port: \${PORT}
oidc: { issuer: "https://idp.example.com", client_id: claude, client_secret: "\${CLIENT_SECRET}" }
session: { jwt_secret: "\${JWT}" }
store: { postgres_url: "\${DATABASE_URL}" }
upstreams: [{ provider: mantle, region: us-east-1, models: [claude-opus-4-8] }]
`

  assert.deepEqual(problemsOf(text, { variables: { PORT: '8080' } }), [])
})
