import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { StoreSection } from '../../app/config/store.ts'
import { refuseOldServer } from '../../app/store/boot-fault.ts'
import { type ConnectOptions, connectAtBoot } from '../../app/store/connect.ts'
import { migrate } from '../../app/store/migrate.ts'
import { administer, createDatabase, emptyDatabase } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/** Connects to `postgres_url`; the pauses between attempts are kept in `waits` and take no time. */
function boot(section: Record<string, unknown>, options: Partial<ConnectOptions> = {}) {
  const log = recordLog()
  const waits: number[] = []
  const wait = async (ms: number) => void waits.push(ms)
  const store = connectAtBoot(StoreSection.parse(section), { log, clock: () => 0, wait, ...options })
  return { store, log, waits }
}

function changed(url: string, change: (url: URL) => void): string {
  const copy = new URL(url)
  change(copy)
  return copy.href
}

/** Asserts that the boot fails at the first attempt with `message`. */
async function failsAtOnce(section: Record<string, unknown>, message: string): Promise<void> {
  const { store, waits } = boot(section)

  await assert.rejects(store, { name: 'BootFault', message: `store.postgres_url: ${message}` })
  assert.deepEqual(waits, [])
}

test('a database that does not answer is tried three times, two seconds apart', async () => {
  await using database = await createDatabase()
  await using proxy = await startTcpProxy(database.tcpUrl)
  proxy.cut()

  const { store, log, waits } = boot({ postgres_url: proxy.through(database.tcpUrl) })

  await assert.rejects(store, {
    message:
      /^store\.postgres_url: the database does not answer \(.+\), attempt 3 of 3; store\.connect_timeout_seconds is 5$/,
  })
  assert.deepEqual(waits, [2000, 2000])
  assert.equal(log.lines.length, 2)
  assert.match(log.lines[0] ?? '', /^warn store\.postgres_url: .*, attempt 1 of 3;/)
  assert.doesNotMatch(log.lines.join(), /:\/\//)
})

test('a database that comes up during the attempts is used', async () => {
  await using database = await createDatabase()
  await using proxy = await startTcpProxy(database.tcpUrl)
  proxy.cut()

  const wait = async () => proxy.resume()
  const store = await boot({ postgres_url: proxy.through(database.tcpUrl) }, { wait }).store

  assert.deepEqual((await store.pool.query('select 1 as one')).rows, [{ one: 1 }])
  await store.close()
})

test('a boot that is given up does not wait for a silent database', async () => {
  await using database = await createDatabase()
  await using proxy = await startTcpProxy(database.tcpUrl)
  proxy.pause()
  const giveUp = new AbortController()

  const { store } = boot({ postgres_url: proxy.through(database.tcpUrl) }, { signal: giveUp.signal })
  setImmediate(() => giveUp.abort(new Error('SIGTERM')))

  await assert.rejects(store, { message: 'SIGTERM' })
})

test('a wrong password fails at once and is not repeated in the message', async () => {
  await using database = await createDatabase()
  const name = new URL(database.url).pathname.slice(1)

  await failsAtOnce(
    { postgres_url: database.tcpUrl, password: 'wrong-and-secret' },
    `the server refuses the password of role "gatehouse" for database "${name}" (28P01). Correct store.password, or the password in the URL.`,
  )
})

test('a missing database fails at once with the statement that creates it', async () => {
  await using database = await createDatabase()

  await failsAtOnce(
    {
      postgres_url: changed(database.tcpUrl, url => {
        url.pathname = '/nowhere'
      }),
    },
    'database "nowhere" does not exist (3D000). As a superuser: create database "nowhere" owner "gatehouse";',
  )
})

test('a role that may not connect fails at once with the grant', async () => {
  await using database = await createDatabase()
  const name = new URL(database.url).pathname.slice(1)
  await administer(`create role ${name}_guest login`)
  await administer(`revoke connect on database ${name} from public`)

  await failsAtOnce(
    { postgres_url: database.url, username: `${name}_guest` },
    `role "${name}_guest" may not connect to database "${name}" (42501). Grant it: grant connect on database "${name}" to "${name}_guest";`,
  )
})

test('a role that may not create tables is told the grant', async () => {
  await using database = await emptyDatabase()
  const name = new URL(database.url).pathname.slice(1)
  await administer(`create role ${name}_guest login`)
  const store = await boot({ postgres_url: database.url, username: `${name}_guest` }).store

  const migration = migrate(store.pool, {
    folder: join(import.meta.dirname, '../../app/store/migrations'),
    log: recordLog(),
  })

  await assert.rejects(migration, {
    name: 'BootFault',
    message: `store.postgres_url: role "${name}_guest" may not create tables in database "${name}" (42501). Grant it there: grant usage, create on schema public to "${name}_guest";`,
  })
  await store.close()
})

test('a read-only database cannot be migrated, and the message says so', async () => {
  await using database = await emptyDatabase()
  const name = new URL(database.url).pathname.slice(1)
  const options = encodeURIComponent('-c default_transaction_read_only=on')
  const store = await boot({ postgres_url: `${database.url}?options=${options}` }).store

  const migration = migrate(store.pool, {
    folder: join(import.meta.dirname, '../../app/store/migrations'),
    log: recordLog(),
  })

  await assert.rejects(migration, {
    message: `store.postgres_url: database "${name}" is read-only (25006), so role "gatehouse" cannot create tables. Name the primary server.`,
  })
  await store.close()
})

test('a server older than version 11 is refused', () => {
  refuseOldServer({ version: 110_000, named: '11.0' }, 'store.postgres_url')

  assert.throws(() => refuseOldServer({ version: 100_023, named: '10.23' }, 'store.postgres_url'), {
    name: 'BootFault',
    message: 'store.postgres_url: the server is PostgreSQL 10.23; version 11 or later is needed',
  })
})
