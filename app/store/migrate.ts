// Brings the database to the shape this version needs. Migrations are numbered files, each applied once,
// in one transaction; a file that has been released never changes again.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { Log } from '../lib/log.ts'
import { bootFault, type StoreKey } from './boot-fault.ts'
import { inTransaction } from './transaction.ts'

export interface MigrateOptions {
  /** The folder of the numbered .sql files. */
  readonly folder: string
  readonly log: Log
  /** What is named when only the operator can help. Default `store.postgres_url`. */
  readonly key?: StoreKey
  /** Gives up at once, also in the middle of a migration, which is then rolled back. */
  readonly signal?: AbortSignal
}

interface Migration {
  readonly number: number
  readonly name: string
  readonly text: string
  readonly sha256: string
}

// Any number that no other program of the database takes; replicas that boot together wait here.
const LOCK = 4_718_502_116

/** Applies what the database lacks; several replicas may do so at once. Returns the names applied. */
export async function migrate(pool: pg.Pool, options: MigrateOptions): Promise<string[]> {
  const migrations = await readMigrations(options.folder)
  const known = await appliedIn(pool)
  refuseChanged(migrations, known)
  const ahead = known.size - migrations.filter(({ number }) => known.has(number)).length
  if (ahead > 0) {
    const count = `${ahead} migration${ahead === 1 ? '' : 's'}`
    options.log.info(`the database has ${count} that this version does not know: it stays as it is`)
  }

  const applied: string[] = []
  for (const migration of migrations.filter(({ number }) => !known.has(number))) {
    if (await applyOne(pool, migration, options)) applied.push(migration.name)
  }
  for (const name of applied) options.log.info(`migration ${name} applied`)
  return applied
}

/** The migrations of `folder` in order, which must be numbered from 1 without a gap. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter(name => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(/^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1])
      if (number !== index + 1) throw new Error(`migration ${name} is out of order: ${index + 1} is next`)
      const text = await readFile(join(folder, name), 'utf8')
      return { number, name, text, sha256: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

/** Reports by number what the database has; empty for a database that is new. */
async function appliedIn(pool: pg.Pool): Promise<Map<number, string>> {
  const { rows: tables } = await pool.query<{ present: boolean }>({
    name: 'migrations_present',
    text: `select to_regclass('schema_migrations') is not null as present`,
  })
  if (!tables[0]?.present) return new Map()
  const { rows } = await pool.query<{ number: number; sha256: string }>({
    name: 'migrations_applied',
    text: `select number, sha256 from schema_migrations`,
  })
  return new Map(rows.map(row => [row.number, row.sha256]))
}

function refuseChanged(migrations: readonly Migration[], known: ReadonlyMap<number, string>): void {
  const changed = migrations.find(({ number, sha256 }) => (known.get(number) ?? sha256) !== sha256)
  if (!changed) return
  throw new Error(
    `migration ${changed.name} is not the one that this database has; deploy a released version`,
  )
}

/** Applies `migration` unless another replica has just done so; reports whether we did. */
async function applyOne(pool: pg.Pool, migration: Migration, options: MigrateOptions): Promise<boolean> {
  const { signal, key = 'store.postgres_url' } = options
  signal?.throwIfAborted()
  let interrupt: (() => Promise<void>) | undefined
  try {
    return await inTransaction(pool, async client => {
      const { rows } = await client.query<{ pid: number }>(`select pg_backend_pid() as pid`)
      interrupt = () => endSession(pool, rows[0]?.pid).catch(() => client.release(true))
      signal?.addEventListener('abort', interrupt, { once: true })
      signal?.throwIfAborted()
      return applyIn(client, migration)
    })
  } catch (error) {
    signal?.throwIfAborted()
    const { database = '', user: role = '' } = pool.options
    throw bootFault(error, { key, database, role, during: 'migrating' }) ?? error
  } finally {
    if (interrupt) signal?.removeEventListener('abort', interrupt)
  }
}

// A session that is busy does not notice that its client has left: it is ended, so that the lock is free at
// once. Not through the pool, which may have no other connection.
async function endSession(pool: pg.Pool, session: number | undefined): Promise<void> {
  const client = new pg.Client(pool.options)
  try {
    await client.connect()
    await client.query(`select pg_terminate_backend($1)`, [session])
  } finally {
    await client.end()
  }
}

// The driver gives a statement up after some seconds, but a migration takes as long as it takes, and so does
// another replica that we wait for.
const PATIENCE_MS = 86_400_000

async function applyIn(client: pg.PoolClient, migration: Migration): Promise<boolean> {
  const patiently = (text: string, values: unknown[] = []) => {
    const query = { text, values, query_timeout: PATIENCE_MS }
    return client.query(query)
  }
  // The lock ends with the transaction, so it works through a pooler that lends out sessions, too.
  await patiently(`select pg_advisory_xact_lock($1)`, [LOCK])
  await patiently(`
    create table if not exists schema_migrations (
      number integer primary key,
      name text not null,
      sha256 text not null,
      applied_at timestamptz not null default now()
    )`)
  const { rowCount } = await patiently(
    `insert into schema_migrations (number, name, sha256) values ($1, $2, $3) on conflict do nothing`,
    [migration.number, migration.name, migration.sha256],
  )
  if (rowCount !== 1) return false
  await patiently(migration.text)
  return true
}
