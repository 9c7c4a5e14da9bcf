// Secret Manager: shells, pinned versions, generations, and no value in what Terraform writes down (8.6).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentOf } from '../support/infra-environment.ts'
import type { Block, Synthesized } from '../support/synthesized.ts'

const VERSION = 'google_secret_manager_secret_version'
const standard = environmentOf()

function volumesOf(environment: Synthesized): Block[] {
  const { template } = environment.one('google_cloud_run_v2_service') as { template: { volumes: Block[] } } // as it is rendered
  return template.volumes
}

function filesOf(environment: Synthesized): { path: string; version: string }[] {
  return volumesOf(environment).flatMap(
    volume => (volume['secret'] as { items: { path: string; version: string }[] }).items, // as it is rendered
  )
}

test('no value is kept: every version is write-only, with a number that says when to write again', () => {
  for (const version of standard.all(VERSION)) {
    assert.equal(version['secret_data'], undefined)
    assert.ok(typeof version['secret_data_wo'] === 'string' && version['secret_data_wo'] !== '')
    assert.ok(Number.isSafeInteger(version['secret_data_wo_version']))
  }
})

test('a version that is replaced stays as it was: an older revision must still start', () => {
  for (const version of standard.all(VERSION)) {
    assert.partialDeepStrictEqual(version, {
      ...{ deletion_policy: 'ABANDON', lifecycle: { create_before_destroy: true } },
    })
  }
})

test('every mounted version is a number, or a reference to one: never latest', () => {
  for (const { version } of filesOf(standard)) {
    assert.match(version, /^([1-9][0-9]*|\$\{google_secret_manager_secret_version\.[a-z0-9_-]+\.version\})$/)
  }
})

test('secrets are files, one folder for each, and the container’s variables hold none', () => {
  const { template } = standard.one('google_cloud_run_v2_service') as {
    template: { containers: [{ volume_mounts: { mount_path: string }[]; env: Block[] }] } // as it is rendered
  }
  const [{ volume_mounts, env }] = template.containers

  assert.deepEqual(
    volume_mounts.map(({ mount_path }) => mount_path),
    ['/etc/claude', '/secrets/jwt', '/secrets/oidc-client-secret'],
  )
  assert.equal(
    env.some(variable => 'value_source' in variable),
    false,
  )
})

test('rotation: a second generation adds a version, keeps the first, and both are mounted, newest first', () => {
  const rotated = environmentOf({ secrets: { jwt: { generations: [2, 1] } } })

  const jwt = rotated
    .all(VERSION)
    .filter(version => String(version['secret_data_wo']).includes('random_password.jwt_'))
  assert.deepEqual(
    jwt.map(version => version['secret_data_wo']),
    ['${ephemeral.random_password.jwt_1.result}', '${ephemeral.random_password.jwt_2.result}'],
  )
  assert.deepEqual(
    filesOf(rotated)
      .filter(({ path }) => /^g[0-9]$/.test(path))
      .map(({ path, version }) => [path, version]),
    [
      ['g2', '${google_secret_manager_secret_version.secrets_jwt-g2.version}'],
      ['g1', '${google_secret_manager_secret_version.secrets_jwt-g1.version}'],
    ],
  )
})

test('a new text of gateway.yaml is a new version number of 28 bits, and so a new revision', () => {
  const numberOf = (environment: Synthesized) =>
    environment.all(VERSION).find(version => String(version['secret_data_wo']).startsWith('# Rendered'))?.[
      'secret_data_wo_version'
    ]
  const changed = environmentOf({}, 'gatehouse: { log_format: text }\n')

  assert.notEqual(numberOf(standard), numberOf(changed))
  assert.ok(Number(numberOf(standard)) < 2 ** 28)
})

test('references of gateway.yaml reach the gateway as they are: Terraform reads no template in it', () => {
  const text = standard
    .all(VERSION)
    .map(version => String(version['secret_data_wo']))
    .find(value => value.startsWith('#'))

  assert.match(text ?? '', /port: \$\$\{PORT\}/)
  assert.match(text ?? '', /client_secret: \$\$\{file:\/secrets\/oidc-client-secret\/value\}/)
  assert.doesNotMatch(text ?? '', /(^|[^$])\$\{/)
})

test('each secret may be read by the account that mounts it, and by no other', () => {
  const readers = standard
    .all('google_secret_manager_secret_iam_member')
    .map(grant => [
      String(grant['secret_id']).replace(/^.*secrets_([a-z-]+)\..*$/, '$1'),
      grant['role'],
      String(grant['member']).replace(/^.*account-([a-z]+)\..*$/, '$1'),
    ])

  const role = 'roles/secretmanager.secretAccessor'
  assert.deepEqual(readers, [
    ['config', role, 'run'],
    ['db-bootstrap', role, 'bootstrap'],
    ['jwt', role, 'run'],
    ['oidc-client-secret', role, 'run'],
  ])
})

test('a secret of your own is a shell, mounted by the number that you state', () => {
  const extra = environmentOf({ secrets: { extra: { 'otlp-token': { version: 4 } } } })

  assert.deepEqual(
    extra.all(VERSION).filter(version => String(version['secret']).includes('otlp-token')),
    [],
  )
  assert.partialDeepStrictEqual(
    volumesOf(extra).find(({ name }) => name === 'otlp-token'),
    { secret: { items: [{ path: 'value', version: '4' }] } },
  )
})

test('a reminder of rotation goes to a topic, and its first date is the plan’s', () => {
  const reminded = environmentOf({ secrets: { rotationDays: 90 } })
  const oidc = reminded
    .all('google_secret_manager_secret')
    .find(secret => secret['secret_id'] === 'gatehouse-oidc-client-secret')

  assert.partialDeepStrictEqual(oidc, {
    rotation: { rotation_period: '7776000s', next_rotation_time: '${timeadd(plantimestamp(), "2160h")}' },
    lifecycle: { ignore_changes: ['rotation[0].next_rotation_time'] },
  })
  assert.partialDeepStrictEqual(reminded.one('google_pubsub_topic_iam_member'), {
    role: 'roles/pubsub.publisher',
    member: 'serviceAccount:service-123456789012@gcp-sa-secretmanager.iam.gserviceaccount.com',
  })
})

test('copies are kept where the settings say', () => {
  const regions = environmentOf({ secrets: { replication: ['us-east5', 'us-east4'] } })

  for (const secret of regions.all('google_secret_manager_secret')) {
    assert.deepEqual(secret['replication'], {
      user_managed: { replicas: [{ location: 'us-east5' }, { location: 'us-east4' }] },
    })
  }
})
