// gateway.yaml as the stack renders it: the organisation's file, what the stack owns, and the app's own judgement (G-41, G-78).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { readEnvironment } from '../../app/config/environment.ts'
import { parseConfigText } from '../../app/config/load.ts'
import { builtinNames } from '../../app/inference/model-names.ts'
import { policyWarnings } from '../../app/managed/warnings.ts'
import { judgeHost } from '../../app/net/ssrf-guard.ts'
import { renderGatewayConfig } from '../../infra/gateway-config.ts'
import { environmentOf, settingsOf } from '../support/infra-environment.ts'

/** The rendered file of an environment, as the gateway will find it. */
function renderedText(changes = {}, organisation?: string): string {
  const versions = environmentOf(changes, organisation).all('google_secret_manager_secret_version')
  const config = versions.map(version => String(version['secret_data_wo'])).find(text => text.startsWith('#'))
  return (config ?? '').replaceAll('$${', '${').replaceAll('%%{', '%{')
}

function rendered(changes = {}, organisation?: string) {
  return parse(renderedText(changes, organisation))
}

test('the stack writes what it made: addresses, the identity provider, secrets by their files, and the store', () => {
  const { listen, access_control, oidc, session, store, upstreams, gatehouse } = rendered()

  assert.deepEqual(listen, {
    ...{ host: '0.0.0.0', port: '${PORT}', public_url: 'https://claude.acme.example' },
    trusted_proxies: ['169.254.0.0/16', '10.64.2.0/23'],
  })
  assert.deepEqual(access_control.allow_cidrs, settingsOf().frontend.clientCidrs)
  assert.deepEqual(oidc, {
    ...{ issuer: 'https://accounts.google.com', client_id: 'client-1' },
    client_secret: '${file:/secrets/oidc-client-secret/value}',
    ...{ allowed_email_domains: ['acme.example'], scopes: ['openid', 'profile', 'email'] },
    extra_auth_params: { access_type: 'offline', prompt: 'consent' },
  })
  assert.deepEqual(session, { jwt_secret: ['${file:/secrets/jwt/g1}'] })
  assert.deepEqual(store, {
    ...{ max_connections: 5, connect_timeout_seconds: 5, readiness_grace_seconds: 300 },
    username: 'gatehouse-run@acme-claude.iam',
  })
  assert.deepEqual(upstreams, [{ provider: 'vertex', region: 'global', project_id: 'acme-claude', auth: {} }])
  assert.deepEqual(gatehouse.cloud_sql, {
    ...{ instance_connection_name: 'acme-claude:us-east5:gatehouse-db', ip_type: 'PSC' },
    ...{ iam_auth: true, database: 'gatehouse' },
  })
})

const TOPOLOGIES = [{ host: 'claude.acme.example' }, { topology: 'run-app' }]
const DATABASES = [
  { login: 'iam' },
  { login: 'iam', connectivity: 'psa' },
  { login: 'password' },
  { login: 'password', path: 'direct' },
]
const DIRECTORIES = [
  { mode: 'none' },
  { mode: 'group-reader', lookup: 'transitive' },
  { mode: 'delegation', adminEmail: 'admin@acme.example' },
  { mode: 'key', adminEmail: 'admin@acme.example' },
]
const secrets = { extra: { 'directory-key': { version: 1 } } }

/** Fits as a signing secret, and has the shape of a service account's key. */
const SECRET = JSON.stringify({ type: 'service_account', client_email: 'a@b', private_key: 'p'.repeat(32) })

test('the gateway boots with what is rendered for every topology, login and way to groups', () => {
  const combinations = TOPOLOGIES.flatMap(frontend =>
    DATABASES.flatMap(database => DIRECTORIES.map(directory => ({ frontend, database, directory, secrets }))),
  )

  const refused = combinations.flatMap(changes => {
    const text = renderedText(changes)
    const result = parseConfigText(text, {
      environment: readEnvironment({ PORT: '8080', K_SERVICE: 'gatehouse' }),
      readFile: () => ({ kind: 'read', bytes: Buffer.from(SECRET) }),
      ...{ now: 0, judgeHost, builtins: builtinNames(), judgePolicies: policyWarnings },
    })
    return result.kind === 'refused' ? result.problems : []
  })

  assert.equal(combinations.length, 32)
  assert.deepEqual(refused, [])
})

test('at Google’s own name no proxy but the platform’s is believed', () => {
  const { listen } = rendered({ frontend: { topology: 'run-app' } })

  assert.deepEqual(listen.trusted_proxies, ['169.254.0.0/16'])
  assert.equal(listen.public_url, 'https://gatehouse-123456789012.us-east5.run.app')
})

test('a direct connection is encrypted, and its password is a file', () => {
  const { store, gatehouse } = rendered({ database: { login: 'password', path: 'direct' } })

  assert.equal(
    store.postgres_url,
    'postgres://10.64.1.5:5432/gatehouse?sslmode=require&options=-c%20search_path%3Dgatehouse',
  )
  assert.equal(store.password, '${file:/secrets/db-password/value}')
  assert.equal(gatehouse.cloud_sql, undefined)
})

test('another identity provider keeps the scopes that give a refresh token', () => {
  const { oidc } = rendered({
    oidc: { issuer: 'https://idp.acme.example', clientId: 'c', allowedEmailDomains: ['acme.example'] },
  })

  assert.deepEqual([oidc.scopes, oidc.extra_auth_params], [undefined, undefined])
})

test('the organisation’s file keeps its comments, its order and its own upstreams', () => {
  const organisation = [
    '# agreed in May',
    'session: { ttl_hours: 1.50 }',
    'upstreams:',
    '  - { provider: anthropic, auth: { api_key: "${file:/secrets/anthropic/value}" } }',
    '',
  ].join('\n')

  const text = renderedText({ secrets: { extra: { anthropic: { version: 2 } } } }, organisation)

  assert.match(text, /# agreed in May\nsession: \{ ttl_hours: 1\.50, jwt_secret: /)
  assert.deepEqual(
    parse(text).upstreams.map(({ provider }: { provider: string }) => provider),
    ['vertex', 'anthropic'],
  )
})

test('the keys of the Admin API are secrets of the organisation’s own', () => {
  const key = (name: string) => `{ id: ${name}, key: "\${file:/secrets/${name}/value}" }`
  const organisation = `admin: { write_keys: [${key('terraform')}], read_keys: [${key('reporting')}] }\n`
  const extra = { terraform: { version: 1 }, reporting: { version: 1 } }

  const { admin } = rendered({ secrets: { extra } }, organisation)

  assert.deepEqual(admin, {
    write_keys: [{ id: 'terraform', key: '${file:/secrets/terraform/value}' }],
    read_keys: [{ id: 'reporting', key: '${file:/secrets/reporting/value}' }],
  })
})

test('beside the keys that the stack owns in a block, the organisation may give others', () => {
  const organisation = 'gatehouse: { google_groups: { cache_seconds: 60 } }\n'

  const { gatehouse } = rendered({ directory: { mode: 'group-reader' } }, organisation)

  assert.deepEqual(gatehouse.google_groups, {
    ...{ cache_seconds: 60, mode: 'service_account_role', nested: false },
    service_account: 'gatehouse-directory@acme-claude.iam.gserviceaccount.com',
  })
})

test('a file of comments alone decides nothing, and that is enough', () => {
  const text = renderedText({}, '# nothing yet\n')

  assert.match(text, /# nothing yet/)
  assert.equal(parse(text).listen.host, '0.0.0.0')
})

test('a file that is no YAML is reported by its line', () => {
  assert.throws(() => environmentOf({}, 'limits:\n\t- x\n'), {
    ...{
      name: 'GatewayConfigError',
      message: /1 problem in test\.gateway\.yaml\n {2}line 2, column 1 {2}not YAML: /,
    },
  })
})

test('the file may say where the Vertex upstream stands', () => {
  const organisation = [
    'upstreams:',
    '  - { provider: anthropic, auth: { api_key: "${file:/secrets/anthropic/value}" } }',
    '  - { provider: vertex, models: [claude-haiku-*] }',
    '',
  ].join('\n')

  const { upstreams } = rendered({ secrets: { extra: { anthropic: { version: 2 } } } }, organisation)

  assert.deepEqual(upstreams[1], {
    ...{ provider: 'vertex', models: ['claude-haiku-*'] },
    ...{ region: 'global', project_id: 'acme-claude', auth: {} },
  })
})

test('an owned key with another value is refused, and both values are named', () => {
  assert.throws(() => environmentOf({}, 'listen: { public_url: https://other.example }\n'), {
    name: 'GatewayConfigError',
    message: [
      'gatehouse: test.gateway.yaml and the settings do not agree',
      '  listen.public_url: "https://claude.acme.example" is decided by frontend, and the file says "https://other.example".',
      '      Fix: remove it from test.gateway.yaml, or change the setting.',
    ].join('\n'),
  })
})

test('what the gateway would refuse at its boot fails the synth, with path and fix', () => {
  assert.throws(
    () =>
      environmentOf(
        {},
        'managed: { policies: [{ match: {}, code: { modell: x } }] }\nsession: { ttl_hours: 0 }\n',
      ),
    {
      name: 'GatewayConfigError',
      message: /test\.gateway\.yaml, as rendered\n[\s\S]*session\.ttl_hours: /,
    },
  )
})

test('a reference to a secret that is not mounted fails the synth, too', () => {
  assert.throws(
    () =>
      environmentOf(
        {},
        'upstreams: [{ provider: anthropic, auth: { api_key: "${file:/secrets/anthropic/value}" } }]\n',
      ),
    {
      name: 'GatewayConfigError',
      message: /\$\{file:\/secrets\/anthropic\/value\} cannot be read \(ENOENT\)/,
    },
  )
})

test('of a value that is in a mounted secret nothing is said: it is not here', () => {
  const ca = 'oidc: { ca_cert_pem: "${file:/secrets/ca/value}" }\n'

  const { oidc } = rendered({ secrets: { extra: { ca: { version: 1 } } } }, ca)

  assert.equal(oidc.ca_cert_pem, '${file:/secrets/ca/value}')
})

test('a file larger than a secret may be is refused', () => {
  const owned = {
    ...{ publicUrl: 'https://claude.acme.example', clientCidrs: ['10.0.0.0/8'], jwtGenerations: [1] },
    oidc: { issuer: 'https://idp.acme.example', clientId: 'c', allowedEmailDomains: ['acme.example'] },
    store: { poolSize: 5, role: 'r', way: { kind: 'direct', address: '10.0.0.1', database: 'd' } },
  } as const

  assert.throws(() => renderGatewayConfig('big.yaml', `# ${'x'.repeat(65_536)}\nlimits: {}\n`, owned), {
    name: 'GatewayConfigError',
    message: /^gatehouse: big\.yaml becomes 6[0-9]{4} bytes, and Secret Manager stores 65536\.$/,
  })
})
