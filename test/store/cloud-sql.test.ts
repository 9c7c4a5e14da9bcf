// Postgres through the real Cloud SQL connector, against an instance on loopback with a real Postgres behind it.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { Dispatcher } from 'undici'
import { StoreSection } from '../../app/config/store.ts'
import { guardedFetch } from '../../app/net/fetch.ts'
import { googleClient } from '../../app/net/google-credentials.ts'
import { bootstrap } from '../../app/store/bootstrap.ts'
import { type ConnectOptions, connectAtBoot } from '../../app/store/connect.ts'
import { migrate } from '../../app/store/migrate.ts'
import { type LoopbackInstance, startInstance } from '../support/cloud-sql.ts'
import { googleNetwork } from '../support/google.ts'
import { administer, emptyDatabase } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'

const RELEASED = 'app/store/migrations'

/** A role of an IAM login, whose password is the access token, as Cloud SQL has it. */
async function iamUser(t: TestContext, token: string): Promise<{ role: string; email: string }> {
  const role = `run-${randomBytes(4).toString('hex')}@p.iam`
  await administer(`create role "${role}" login password '${token}'`)
  t.after(() => administer(`drop owned by "${role}" cascade`).then(() => administer(`drop role "${role}"`)))
  return { role, email: `${role}.gserviceaccount.com` }
}

interface Booting {
  readonly instance: LoopbackInstance
  readonly database: string
  readonly email: string
  readonly token: string
  readonly ipType?: 'PRIVATE' | 'PSC'
}

async function boot(t: TestContext, booting: Booting, options: Partial<ConnectOptions> = {}) {
  const network = await googleNetwork(t, booting.instance.adminApi)
  t.after(() => network.close())
  const dispatcher: Dispatcher = network.dispatcher()
  const waits: number[] = []
  const store = connectAtBoot(StoreSection.parse({}), {
    ...{ log: recordLog(), clock: Date.now, wait: async (ms: number) => void waits.push(ms) },
    cloudSql: {
      config: {
        instance_connection_name: booting.instance.connectionName,
        ...{ ip_type: booting.ipType ?? 'PRIVATE', iam_auth: true, database: booting.database },
      },
      google: {
        client: () =>
          googleClient(guardedFetch({ dispatcher, totalMs: 5000, maxBytes: 65_536 }), async () => ({
            ...{ token: booting.token, expiresIn: 3599 },
          })),
        account: async () => booting.email,
      },
    },
    ...options,
  })
  return { store, waits }
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1)
}

test('an IAM login migrates and works in the schema of the bootstrap, and only there', async t => {
  const token = `ya29.${randomBytes(16).toString('hex')}`
  await using database = await emptyDatabase()
  const instance = await startInstance(t, { backend: database.tcpUrl })
  const { role, email } = await iamUser(t, token)
  const booting = { instance, database: nameOf(database.url), email, token }
  const before = await (await boot(t, booting)).store
  await assert.rejects(migrate(before.pool, { folder: RELEASED, log: recordLog(), key: before.key }), {
    name: 'BootFault',
    message: `gatehouse.cloud_sql: role "${role}" may not create tables in the schema gatehouse of "${booting.database}" (3F000). Run gatehouse migrate --bootstrap once.`,
  })
  await before.close()

  const printed: string[] = []
  for (const _time of ['first', 'second']) {
    const print = (statement: string) => void printed.push(statement)
    await bootstrap(database.pool, { database: booting.database, role, schema: 'gatehouse', print })
  }
  const store = await (await boot(t, booting)).store
  await migrate(store.pool, { folder: RELEASED, log: recordLog(), key: store.key })

  assert.deepEqual(printed.slice(3), printed.slice(0, 3))
  const { rows } = await store.pool.query('select current_user as who, current_schema as schema')
  assert.deepEqual(rows, [{ who: role, schema: 'gatehouse' }])
  assert.equal((await store.pool.query('select count(*) from gatehouse.device_grants')).rowCount, 1)
  await assert.rejects(store.pool.query('create table public.mine (n integer)'), { code: '42501' })
  assert.deepEqual(new Set(instance.tokens), new Set([token]))
  await store.close()
})

test('a token that the instance does not take is a fault of the grants, told at once', async t => {
  await using database = await emptyDatabase()
  const instance = await startInstance(t, { backend: database.tcpUrl })
  const { role, email } = await iamUser(t, 'the-token-of-somebody-else')

  const booting = { instance, database: nameOf(database.url), email, token: 'ya29.not-it' }
  const { store, waits } = await boot(t, booting)

  await assert.rejects(store, {
    name: 'BootFault',
    message: `gatehouse.cloud_sql: the instance does not let role "${role}" in (28P01). Create it as a user of type CLOUD_IAM_SERVICE_ACCOUNT, named like the account without .gserviceaccount.com, and grant the account roles/cloudsql.instanceUser.`,
  })
  assert.deepEqual(waits, [])
})

for (const [status, message] of [
  [
    403,
    /^gatehouse\.cloud_sql: the service's account may not use the instance p:europe-west1:gatehouse \(403\)\./,
  ],
  [404, /^gatehouse\.cloud_sql: there is no instance p:europe-west1:gatehouse \(404\)\./],
  [401, /^gatehouse\.cloud_sql: the SQL Admin API does not accept the service's credentials \(401\)\./],
] as const) {
  test(`an answer ${status} of the SQL Admin API ends the boot with what to do`, async t => {
    const instance = await startInstance(t, { backend: 'postgres://127.0.0.1:1/none' })
    instance.fail(status)

    const { store, waits } = await boot(t, { instance, database: 'd', email: 'a@b', token: 't' })

    await assert.rejects(store, { name: 'BootFault', message })
    assert.deepEqual(waits, [])
  })
}

test('a service that does not answer is asked again in the next attempt', async t => {
  const token = 'ya29.late'
  await using database = await emptyDatabase()
  const instance = await startInstance(t, { backend: database.tcpUrl })
  const { email } = await iamUser(t, token)
  const network = await googleNetwork(t, instance.adminApi)
  const through = guardedFetch({ dispatcher: network.dispatcher(), totalMs: 5000, maxBytes: 65_536 })
  const waits: number[] = []
  let isUp = false
  const fetch: typeof globalThis.fetch = async (input, init) => {
    if (isUp) return through(input, init)
    throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
  }

  const store = await connectAtBoot(StoreSection.parse({}), {
    ...{ log: recordLog(), clock: Date.now },
    wait: async ms => {
      waits.push(ms)
      isUp = true
    },
    cloudSql: {
      config: {
        instance_connection_name: instance.connectionName,
        ...{ ip_type: 'PRIVATE', iam_auth: true, database: nameOf(database.url) },
      },
      google: {
        client: () => googleClient(fetch, async () => ({ token, expiresIn: 3599 })),
        account: async () => email,
      },
    },
  })

  assert.deepEqual([waits, (await store.pool.query('select 1 as one')).rows], [[2000], [{ one: 1 }]])
  await store.close()
})

test('an instance without the asked kind of address names the key to change', async t => {
  const instance = await startInstance(t, { backend: 'postgres://127.0.0.1:1/none' })

  const { store } = await boot(t, { instance, database: 'd', email: 'a@b', token: 't', ipType: 'PSC' })

  await assert.rejects(store, {
    name: 'BootFault',
    message:
      'gatehouse.cloud_sql: the instance p:europe-west1:gatehouse has no PSC address. Set ip_type to the way it is reached: PSC or PRIVATE.',
  })
})

test('a server that shows the certificate of another instance is not talked to', async t => {
  const token = 'ya29.fine'
  await using database = await emptyDatabase()
  const instance = await startInstance(t, { backend: database.tcpUrl, commonName: 'p:other' })
  const { email } = await iamUser(t, token)

  const { store } = await boot(t, { instance, database: nameOf(database.url), email, token })

  await assert.rejects(store, {
    name: 'BootFault',
    message: /does not answer \(.*VERIFYCERT\), attempt 3 of 3/,
  })
  assert.deepEqual(instance.tokens, [])
})
