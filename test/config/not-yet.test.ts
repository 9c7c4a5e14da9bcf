// What the manual describes and this release does not do yet is refused, never ignored.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileWith, judge, SECTIONS } from '../support/config-text.ts'

function refusals(changes: Record<string, string>, files: Record<string, string> = {}): string[] {
  const result = judge(fileWith(changes), { files })
  return result.kind === 'refused' ? result.problems.map(({ path, text }) => `${path}: ${text}`) : []
}

test('a section whose feature comes later is refused by name', () => {
  assert.deepEqual(
    refusals({
      admin: 'admin: {}',
      enforcement: 'enforcement: {}',
    }),
    [
      'admin: not supported yet: spend limits and the Admin API.',
      'enforcement: not supported yet: enforcing spend limits.',
    ],
  )
})

test('a provider that comes later is refused at its name', () => {
  const providers = [
    'bedrock, region: r, auth: {}',
    'mantle, region: r, models: [x]',
    'anthropicAws, region: r, workspace_id: w, auth: {}',
    'vertex, region: r, project_id: p, auth: {}',
    'foundry, resource: r, auth: { use_azure_ad: true }',
  ]
  const upstreams = `upstreams:\n${providers.map(provider => `  - { provider: ${provider} }`).join('\n')}`

  assert.deepEqual(
    refusals({ upstreams }),
    providers.map((_, i) => `upstreams[${i}].provider: not supported yet: this provider (anthropic is).`),
  )
})

test('keys of gatehouse whose feature comes later are refused', () => {
  const gatehouse = 'google_groups: { mode: service_account_role }, observability: {}, spend: {}'

  assert.deepEqual(refusals({ gatehouse: `gatehouse: { ${gatehouse} }` }), [
    'gatehouse.google_groups: not supported yet: looking up Google groups.',
    "gatehouse.observability: not supported yet: the gateway's own metrics and traces.",
    'gatehouse.spend: not supported yet: recording spend.',
  ])
})

test('the older Google look-up is refused', () => {
  const oidc = `${SECTIONS['oidc']?.slice(0, -1)}, google_groups: { service_account_json_path: /sa.json, admin_email: a@b.example } }`
  const key = JSON.stringify({ type: 'service_account', client_email: 'x', private_key: 'y' })

  assert.deepEqual(refusals({ oidc }, { '/sa.json': key }), [
    'oidc.google_groups: not supported yet: looking up Google groups.',
  ])
})

test('a Secret Manager reference is refused wherever it stands', () => {
  const name = '${secret:projects/p/secrets/s/versions/1}'

  assert.deepEqual(refusals({ session: `session: { jwt_secret: ["\${JWT}", "${name}"] }` }), [
    `session.jwt_secret[1] (from ${name}): not supported yet: resolving \${secret:…}.`,
  ])
})
