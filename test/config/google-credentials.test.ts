import assert from 'node:assert/strict'
import { test } from 'node:test'
import { usesEntra } from '../../app/config/entra-auth.ts'
import { GatehouseSection } from '../../app/config/gatehouse.ts'
import { usesGoogleCredentials } from '../../app/config/google-auth.ts'
import { TelemetrySection } from '../../app/config/telemetry.ts'
import { UpstreamsSection } from '../../app/config/upstreams.ts'

const url = 'https://telemetry.googleapis.com'
const ANTHROPIC = { provider: 'anthropic', auth: { api_key: 'k' } }

function uses(
  destination: object | undefined,
  otlp: object | undefined,
  upstream: object = ANTHROPIC,
): boolean {
  return usesGoogleCredentials({
    upstreams: UpstreamsSection.parse([upstream]),
    telemetry: destination && TelemetrySection.parse({ forward_to: [destination] }),
    gatehouse: GatehouseSection.parse(otlp === undefined ? {} : { observability: { otlp } }),
  })
}

test('Google credentials are in use where a collector of clients or of the gateway gets a bearer', () => {
  assert.equal(uses(undefined, undefined), false)
  assert.equal(uses({ url }, { url }), false)
  assert.equal(uses({ url, auth: { google: {} } }, undefined), true)
  assert.equal(uses(undefined, { url, auth: { google: {} } }), true)
})

test('Google credentials are in use where an upstream on Vertex has no key file of its own', () => {
  const vertex = { provider: 'vertex', region: 'global', project_id: 'p' }

  assert.equal(uses(undefined, undefined, { ...vertex, auth: {} }), true)
  assert.equal(uses(undefined, undefined, { ...vertex, auth: { service_account_json: '/sa.json' } }), false)
})

test('Google credentials are in use where groups are looked up without a key file', () => {
  const usesFor = (google_groups: object) =>
    usesGoogleCredentials({
      telemetry: undefined,
      upstreams: [],
      gatehouse: GatehouseSection.parse({ google_groups }),
    })
  const admin_email = 'admin@example.com'

  assert.equal(usesFor({ mode: 'service_account_role' }), true)
  assert.equal(usesFor({ mode: 'keyless_delegation', admin_email }), true)
  assert.equal(usesFor({ mode: 'key_file', admin_email, key_path: '/k' }), false)
})

test('an identity in Entra is in use where an upstream on Foundry has no key of its own', () => {
  const usedBy = (auth: object) =>
    usesEntra({ upstreams: UpstreamsSection.parse([{ provider: 'foundry', resource: 'r', auth }]) })

  assert.equal(usedBy({ use_azure_ad: true }), true)
  assert.equal(usedBy({ api_key: 'k' }), false)
})
