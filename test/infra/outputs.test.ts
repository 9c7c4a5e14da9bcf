// What Terraform prints after an apply: values, and what a person does with them (8.13).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentOf } from '../support/infra-environment.ts'

type Outputs = Readonly<Record<string, { value: string }>>

function outputsOf(changes: Readonly<Record<string, unknown>> = {}): Outputs {
  return JSON.parse(environmentOf(changes).text).output
}

const standard = outputsOf()

test('these outputs are printed, and each ends with the next action', () => {
  assert.deepEqual(Object.keys(standard).sort(), [
    ...['bootstrap_command', 'certificate_dns_record', 'client_settings', 'directory_setup', 'model_garden'],
    ...['public_url', 'redirect_uri', 'resolver_instructions', 'secret_commands', 'shared_vpc_grants'],
    'smoke_test',
  ])
  for (const [name, { value }] of Object.entries(standard)) {
    assert.match(value.split('\n').at(-1) ?? '', /^Next: |^Nothing to do\.$|Then forward /, name)
  }
})

test('the identity provider is told where to send people back to', () => {
  assert.equal(standard['redirect_uri']?.value.split('\n')[0], 'https://claude.acme.example/oauth/callback')
})

test('the settings for machines are ready to be pushed', () => {
  assert.deepEqual(JSON.parse(standard['client_settings']?.value.split('\n')[0] ?? ''), {
    ...{ forceLoginMethod: 'gateway', forceLoginGatewayUrl: 'https://claude.acme.example' },
    parentSettingsBehavior: 'merge',
  })
})

test('with a private CA the machines are told to trust it', () => {
  const certificate = { kind: 'private-ca', caPool: 'projects/p1/locations/us-east5/caPools/pool' }

  const { client_settings } = outputsOf({ frontend: { host: 'claude.acme.example', certificate } })

  assert.match(client_settings?.value ?? '', /NODE_EXTRA_CA_CERTS/)
})

test('a managed certificate waits for a public record, which the first phase prints', () => {
  const { certificate_dns_record } = outputsOf({ phase: 'foundation' })

  assert.match(certificate_dns_record?.value ?? '', /dns_resource_record.*\nNext: add it to the PUBLIC zone/)
})

test('each manual secret has its command, and the version until which to repeat it', () => {
  const { secret_commands } = outputsOf({
    secrets: { oidcClientSecret: { version: 2 }, extra: { otlp: { version: 3 } } },
  })

  assert.deepEqual(secret_commands?.value.split('\n').slice(0, 2), [
    'gcloud secrets versions add ${google_secret_manager_secret.secrets_oidc-client-secret.secret_id} --project=acme-claude --data-file=-   # until version 2 is there',
    'gcloud secrets versions add ${google_secret_manager_secret.secrets_otlp.secret_id} --project=acme-claude --data-file=-   # until version 3 is there',
  ])
})

test('a single region of Vertex AI is warned of', () => {
  const { model_garden } = outputsOf({ vertex: { location: 'us-east5' } })

  assert.match(model_garden?.value ?? '', /single region, which stops at older models/)
})
