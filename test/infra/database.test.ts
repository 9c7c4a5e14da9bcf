// Cloud SQL: private, protected, backed up, and open to one account (8.7).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentOf } from '../support/infra-environment.ts'

const INSTANCE = 'google_sql_database_instance'
const standard = environmentOf()

test('the database has no public address, and no connection without TLS', () => {
  assert.partialDeepStrictEqual(standard.one(INSTANCE), {
    settings: {
      ip_configuration: {
        ...{ ipv4_enabled: false, ssl_mode: 'ENCRYPTED_ONLY' },
        psc_config: [{ psc_enabled: true, allowed_consumer_projects: ['acme-claude'] }],
      },
      connector_enforcement: 'REQUIRED',
    },
  })
})

test('the database is protected in Terraform and at Google, and its backups outlive it', () => {
  assert.partialDeepStrictEqual(standard.one(INSTANCE), {
    deletion_protection: true,
    settings: { deletion_protection_enabled: true, retain_backups_on_delete: true },
  })
})

test('protection can be lifted, before a destroy', () => {
  const open = environmentOf({ deletionProtection: false })

  assert.partialDeepStrictEqual(open.one(INSTANCE), {
    deletion_protection: false,
    settings: { deletion_protection_enabled: false },
  })
})

test('a standby stands in another zone, and any moment of the last days can be restored', () => {
  assert.partialDeepStrictEqual(standard.one(INSTANCE), {
    settings: {
      ...{ availability_type: 'REGIONAL', edition: 'ENTERPRISE', disk_autoresize: true },
      backup_configuration: {
        ...{ enabled: true, point_in_time_recovery_enabled: true, transaction_log_retention_days: 7 },
        backup_retention_settings: { retained_backups: 14, retention_unit: 'COUNT' },
      },
    },
  })
})

test('the size of the disk is left to grow: a number here would be an order to shrink', () => {
  assert.equal(JSON.stringify(standard.one(INSTANCE)).includes('disk_size'), false)
})

test('what is watched of queries names no client', () => {
  assert.partialDeepStrictEqual(standard.one(INSTANCE), {
    settings: { insights_config: { query_insights_enabled: true, record_client_address: false } },
  })
})

test('people and services log in by IAM, without a password of the gateway', () => {
  const users = standard.all('google_sql_user').map(({ type, name }) => ({ type, name }))

  assert.deepEqual(users, [
    { type: 'BUILT_IN', name: 'bootstrap' },
    {
      type: 'CLOUD_IAM_SERVICE_ACCOUNT',
      name: '${trimsuffix(google_service_account.project_account-run.email, ".gserviceaccount.com")}',
    },
  ])
  assert.partialDeepStrictEqual(standard.one(INSTANCE), {
    settings: { database_flags: [{ name: 'cloudsql.iam_authentication', value: 'on' }] },
  })
})

test('users stay behind when the stack goes, because roles that own tables cannot be dropped', () => {
  for (const user of standard.all('google_sql_user')) assert.equal(user['deletion_policy'], 'ABANDON')
})

test('passwords of built-in users are written, never kept', () => {
  const { login } = { login: environmentOf({ database: { login: 'password', passwordGeneration: 3 } }) }

  for (const name of ['bootstrap', 'gatehouse']) {
    const user = login.named('google_sql_user', name)
    const id = name === 'bootstrap' ? 'db_bootstrap_3' : 'db_password_3'
    assert.equal(user['password_wo'], `\${ephemeral.random_password.${id}.result}`)
    assert.equal(user['password_wo_version'], 3)
    assert.equal(user['password'], undefined)
  }
})

test('the IAM user waits for the second phase: Google makes its role some time after the instance', () => {
  const first = environmentOf({ phase: 'foundation' })

  assert.deepEqual(
    first.all('google_sql_user').map(({ name }) => name),
    ['bootstrap'],
  )
})

test('the connector finds the database by a private name at a fixed address', () => {
  const id = '${google_sql_database_instance.database_instance'

  assert.partialDeepStrictEqual(standard.named('google_compute_forwarding_rule', 'gatehouse-db'), {
    ...{ target: `${id}.psc_service_attachment_link}`, load_balancing_scheme: '' },
  })
  assert.equal(standard.named('google_compute_address', 'gatehouse-db')['address'], '10.64.1.5')
  assert.partialDeepStrictEqual(standard.named('google_dns_managed_zone', 'gatehouse-db'), {
    ...{ dns_name: `${id}.dns_name}`, visibility: 'private' },
  })
})

test('a stated limit of connections is also the instance’s', () => {
  const stated = environmentOf({ database: { tier: 'db-custom-16-61440', maxConnections: 800 } })

  assert.partialDeepStrictEqual(stated.one(INSTANCE), {
    settings: {
      database_flags: [
        { name: 'cloudsql.iam_authentication', value: 'on' },
        { name: 'max_connections', value: '800' },
      ],
    },
  })
})

test('over a peering the instance waits for it, and the peering is left behind', () => {
  const peered = environmentOf({ database: { connectivity: 'psa' } })

  assert.partialDeepStrictEqual(peered.one('google_service_networking_connection'), {
    ...{ deletion_policy: 'ABANDON', service: 'servicenetworking.googleapis.com' },
  })
  assert.partialDeepStrictEqual(peered.one(INSTANCE), {
    settings: {
      ip_configuration: {
        ipv4_enabled: false,
        private_network: '${google_compute_network.network_vpc.id}',
      },
    },
  })
  const waitsFor = peered.one(INSTANCE)['depends_on'] as string[] // what dependsOn becomes
  assert.ok(waitsFor.includes('google_service_networking_connection.database_peering'))
})
