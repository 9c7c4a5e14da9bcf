import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { migrate, readMigrations } from '../../app/store/migrate.ts'
import { emptyDatabase, replicaPool } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'

const RELEASED = join(import.meta.dirname, '../../app/store/migrations')

/** A folder of migrations by name; gone with the test. */
async function folderOf(t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-migrations-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

test('a migration that has been released never changes', async () => {
  // Append the new file's line when you add a migration; never edit one.
  const hashes = {
    '0001-sign-in.sql': '6a6e9c44f68253f8cd8216c242173864e9b8359a67ef315ddbd340ed3d55c89c',
    '0002-people.sql': '34eafee686b15d725fb4d7afacab0eb58979bc750ab3ff2e5be067df14012491',
    '0003-settings-checksums.sql': '1dcd21897ec827486344355038c4b10736bed33ca721686abb32dbf6dad63b9f',
    '0004-google-groups.sql': 'f3763fa5c885a2b48c4d04c0161eb051161364fc17dc465a70c006e6d43aeff8',
    '0005-spend.sql': 'd487e4a93ff7795aca99b5f32357995a3a57dcff3f98a4f39900f19aa68ba830',
    '0006-effective-cap.sql': '5db53319916a15160a82e7e63958a6d74b786b467d8da05ba09fdce976a47b25',
    '0007-settle-spend.sql': 'b8bda885e4de28a2f610d8239aeaeef8207cf1bc446644be1c1184299801019d',
    '0008-holds.sql': 'f6acd2045b3e70e398e7ba8e92e21aec9e363b7c35a114f1d2c3766f15d5a519',
    '0009-spend-alerts.sql': '67df1888b14ca42671076fcd45d1ad9981a9c6952216f99eb02fc567f1ca5f83',
    '0010-subjects.sql': '4f1a6fda86299b9874747d15221289f02ce4ffac2be7857361c7ea3636fa9d6d',
  }

  const migrations = await readMigrations(RELEASED)

  assert.deepEqual(Object.fromEntries(migrations.map(({ name, sha256 }) => [name, sha256])), hashes)
})

test('migrations run in order, and the second run finds nothing to do', async t => {
  await using database = await emptyDatabase()
  const log = recordLog()
  const folder = await folderOf(t, {
    '0002-second.sql': 'insert into things values (2); insert into things values (3);',
    '0001-first.sql': 'create table things (n integer);',
  })

  const first = await migrate(database.pool, { folder, log })
  const second = await migrate(database.pool, { folder, log })

  const { rows } = await database.pool.query('select n from things order by n')
  assert.deepEqual([first, second], [['0001-first.sql', '0002-second.sql'], []])
  assert.deepEqual(rows, [{ n: 2 }, { n: 3 }])
  assert.deepEqual(log.lines, [
    'info migration 0001-first.sql applied',
    'info migration 0002-second.sql applied',
  ])
})

test('replicas that boot together apply each migration once', async () => {
  await using database = await emptyDatabase()
  const log = recordLog()
  const replicas = Array.from({ length: 4 }, () => replicaPool(database.url, 1))

  const applied = await Promise.all(replicas.map(pool => migrate(pool, { folder: RELEASED, log })))

  assert.deepEqual(applied.flat().toSorted(), [
    '0001-sign-in.sql',
    '0002-people.sql',
    '0003-settings-checksums.sql',
    '0004-google-groups.sql',
    '0005-spend.sql',
    '0006-effective-cap.sql',
    '0007-settle-spend.sql',
    '0008-holds.sql',
    '0009-spend-alerts.sql',
    '0010-subjects.sql',
  ])
  await Promise.all(replicas.map(pool => pool.end()))
})

test('a migration that fails leaves nothing behind', async t => {
  await using database = await emptyDatabase()
  const folder = await folderOf(t, { '0001-half.sql': 'create table half (n integer); select 1 / 0;' })

  await assert.rejects(migrate(database.pool, { folder, log: recordLog() }), { code: '22012' })

  const { rows } = await database.pool.query(
    `select to_regclass('half') as half, to_regclass('schema_migrations') as migrations`,
  )
  assert.deepEqual(rows, [{ half: null, migrations: null }])
})

test('a database that another version has migrated differently is refused', async t => {
  await using database = await emptyDatabase()
  const log = recordLog()
  await migrate(database.pool, { folder: await folderOf(t, { '0001-a.sql': 'select 1;' }), log })

  await assert.rejects(
    migrate(database.pool, { folder: await folderOf(t, { '0001-a.sql': 'select 2;' }), log }),
    {
      message: 'migration 0001-a.sql is not the one that this database has; deploy a released version',
    },
  )
})

test('an older version runs on a database that a newer one has migrated', async t => {
  await using database = await emptyDatabase()
  const log = recordLog()
  const newer = await folderOf(t, { '0001-a.sql': 'select 1;', '0002-b.sql': 'select 2;' })
  await migrate(database.pool, { folder: newer, log: recordLog() })

  const applied = await migrate(database.pool, {
    folder: await folderOf(t, { '0001-a.sql': 'select 1;' }),
    log,
  })

  assert.deepEqual(applied, [])
  assert.deepEqual(log.lines, [
    'info the database has 1 migration that this version does not know: it stays as it is',
  ])
})

test('a gap in the numbers is refused before anything runs', async t => {
  const folder = await folderOf(t, { '0001-a.sql': '', '0003-c.sql': '' })

  await assert.rejects(readMigrations(folder), { message: 'migration 0003-c.sql is out of order: 2 is next' })
})

test('a boot that is given up in the middle of a migration releases the lock at once', async t => {
  await using database = await emptyDatabase()
  const log = recordLog()
  const gate = 'select pg_advisory_lock(42)'
  const folder = await folderOf(t, { '0001-slow.sql': `create table slow (n integer); ${gate};` })
  const holder = new pg.Client(database.url)
  holder.on('error', () => {}) // it is ended with its database
  await holder.connect()
  await holder.query(gate)
  const giveUp = new AbortController()
  const stopped = replicaPool(database.url, 1)
  stopped.on('error', () => {})
  t.after(() => stopped.end())

  const migration = migrate(stopped, { folder, log, signal: giveUp.signal })
  while ((await waitingFor(database.pool)) === 0);
  giveUp.abort(new Error('SIGTERM'))

  await assert.rejects(migration, { message: 'SIGTERM' })
  const other = await folderOf(t, { '0001-slow.sql': 'select 1;' })
  assert.deepEqual(await migrate(database.pool, { folder: other, log }), ['0001-slow.sql'])
})

/** How many sessions of the database wait for an advisory lock. */
async function waitingFor(pool: pg.Pool): Promise<number> {
  const { rowCount } = await pool.query(
    `select from pg_locks where locktype = 'advisory' and not granted and database =
       (select oid from pg_database where datname = current_database())`,
  )
  return rowCount ?? 0
}
