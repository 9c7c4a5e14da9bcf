// A look at the database that changes nothing.
import type pg from 'pg'
import { readMigrations } from './migrate.ts'

export interface DatabaseFacts {
  readonly version: string
  readonly role: string
  /** Where tables are looked for and created; null when no schema of the search path exists. */
  readonly schema: string | null
  readonly mayCreate: boolean
  /** How many migrations of `folder` it lacks. */
  readonly pending: number
  readonly connections: { readonly limit: number; readonly reserved: number }
}

/** Reads what decides whether the gateway can work here. */
export async function examineDatabase(pool: pg.Pool, folder: string): Promise<DatabaseFacts> {
  const { rows } = await pool.query<{
    version: string
    role: string
    schema: string | null
    may_create: boolean
    limit: number
    reserved: number
    has_migrations: boolean
  }>({
    name: 'doctor_facts',
    text: `
      select current_setting('server_version') as version,
             current_user as role,
             current_schema() as schema,
             coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_create,
             current_setting('max_connections')::integer as limit,
             current_setting('superuser_reserved_connections')::integer as reserved,
             to_regclass('schema_migrations') is not null as has_migrations`,
  })
  const [row] = rows
  if (row === undefined) throw new Error('the database told nothing about itself')
  const { version, role, schema, may_create: mayCreate, limit, reserved } = row
  const pending = await pendingIn(pool, folder, row.has_migrations)
  return { version, role, schema, mayCreate, pending, connections: { limit, reserved } }
}

async function pendingIn(pool: pg.Pool, folder: string, hasMigrations: boolean): Promise<number> {
  const migrations = await readMigrations(folder)
  if (!hasMigrations) return migrations.length
  const { rows } = await pool.query<{ number: number }>({
    name: 'doctor_migrations',
    text: `select number from schema_migrations`,
  })
  const applied = new Set(rows.map(({ number }) => number))
  return migrations.filter(({ number }) => !applied.has(number)).length
}
