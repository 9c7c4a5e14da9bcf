// Who may do what, in full: a grant that is not listed here fails (G-8, G-14).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentOf } from '../support/infra-environment.ts'
import { roleBindings } from '../support/role-bindings.ts'

const READ = 'roles/secretmanager.secretAccessor on secret_manager_secret'

/** With the required settings alone. */
const STANDARD = [
  `bootstrap roles/cloudsql.client on project (this instance only)`,
  `bootstrap ${READ} secrets_db-bootstrap`,
  'build roles/artifactregistry.writer on artifact_registry_repository registry_images',
  'build roles/artifactregistry.writer on artifact_registry_repository registry_ingredients',
  'build roles/logging.logWriter on project',
  'probe roles/run.invoker on cloud_run_v2_job doctor_command_job',
  'run aiplatform.endpoints.predict on project',
  `run roles/cloudsql.client on project (this instance only)`,
  `run roles/cloudsql.instanceUser on project (this instance only)`,
  `run ${READ} secrets_config`,
  `run ${READ} secrets_jwt`,
  `run ${READ} secrets_oidc-client-secret`,
]

function addedBy(changes: Readonly<Record<string, unknown>>): { more: string[]; fewer: string[] } {
  const bindings = roleBindings(environmentOf(changes))
  return {
    more: bindings.filter(binding => !STANDARD.includes(binding)),
    fewer: STANDARD.filter(binding => !bindings.includes(binding)),
  }
}

test('with the required settings these grants are made, and no other', () => {
  assert.deepEqual(roleBindings(environmentOf()), STANDARD.toSorted())
})

test('a grant on the database is for this instance, not for every database of the project', () => {
  const grants = environmentOf()
    .all('google_project_iam_member')
    .filter(({ condition }) => condition !== undefined)

  for (const { condition } of grants) {
    assert.deepEqual(condition, {
      title: 'only the gateway database',
      expression:
        'resource.name == "projects/acme-claude/instances/${google_sql_database_instance.database_instance.name}"',
    })
  }
  assert.equal(grants.length, 3)
})

test('the group lookup adds one narrow right on one account', () => {
  assert.deepEqual(addedBy({ directory: { mode: 'group-reader' } }), {
    more: ['run iam.serviceAccounts.getAccessToken on service_account directory_account'],
    fewer: [],
  })
})

test('a login by password needs no IAM login', () => {
  assert.deepEqual(addedBy({ database: { login: 'password' } }), {
    more: [`run ${READ} secrets_db-password`],
    fewer: ['run roles/cloudsql.instanceUser on project (this instance only)'],
  })
})

test('a direct connection needs no right of Google’s at all', () => {
  assert.deepEqual(addedBy({ database: { login: 'password', path: 'direct' } }), {
    more: [`run ${READ} secrets_db-password`],
    fewer: [
      'run roles/cloudsql.client on project (this instance only)',
      'run roles/cloudsql.instanceUser on project (this instance only)',
    ],
  })
})

test('without Vertex the gateway may call no model', () => {
  const upstream =
    'upstreams: [{ provider: anthropic, auth: { api_key: "${file:/secrets/anthropic/value}" } }]\n'
  const secrets = { extra: { anthropic: { version: 1 } } }

  const bindings = roleBindings(environmentOf({ vertex: { enabled: false }, secrets }, upstream))

  assert.equal(
    bindings.some(binding => binding.includes('aiplatform')),
    false,
  )
})

test('everybody may invoke the service only where that was asked for', () => {
  assert.deepEqual(addedBy({ service: { invoker: 'all-users' } }), {
    more: ['allUsers roles/run.invoker on cloud_run_v2_service service_service'],
    fewer: [],
  })
})
