// Brings the database to the shape this version needs. Migrations are numbered files, each applied once,
// in one transaction; a file that has been released never changes again.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import type { Log } from '../lib/log.ts'

export interface MigrateOptions {
  /** The folder of the numbered .sql files. */
  readonly folder: string
  readonly log: Log
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
  if (ahead > 0)
    options.log.info(`the database is ${ahead} migrations ahead of this version; nothing to undo`)

  const applied: string[] = []
  for (const migration of migrations.filter(({ number }) => !known.has(number))) {
    if (await applyOne(pool, migration, options.signal)) applied.push(migration.name)
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
async function applyOne(pool: pg.Pool, migration: Migration, signal?: AbortSignal): Promise<boolean> {
  signal?.throwIfAborted()
  const client = await pool.connect()
  const { rows: sessions } = await client.query<{ pid: number }>(`select pg_backend_pid() as pid`)
  // A session that is busy does not notice that its client has left: end it, so the lock is free at once.
  const interrupt = () => {
    pool.query(`select pg_terminate_backend($1)`, [sessions[0]?.pid]).catch(() => client.release(true))
  }
  signal?.addEventListener('abort', interrupt, { once: true })
  try {
    const applied = await inTransaction(client, migration)
    client.release()
    return applied
  } catch (error) {
    client.release(true)
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', interrupt)
  }
}

async function inTransaction(client: pg.PoolClient, migration: Migration): Promise<boolean> {
  await client.query('begin')
  // The lock ends with the transaction, so it works through a pooler that lends out sessions, too.
  await client.query(`select pg_advisory_xact_lock($1)`, [LOCK])
  await client.query(`
    create table if not exists schema_migrations (
      number integer primary key,
      name text not null,
      sha256 text not null,
      applied_at timestamptz not null default now()
    )`)
  const { rowCount } = await client.query(
    `insert into schema_migrations (number, name, sha256) values ($1, $2, $3) on conflict do nothing`,
    [migration.number, migration.name, migration.sha256],
  )
  if (rowCount === 1) await client.query(migration.text)
  await client.query('commit')
  return rowCount === 1
}
