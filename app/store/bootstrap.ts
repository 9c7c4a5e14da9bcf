// What a database needs once before the gateway's own role can work in it: a schema and the right to use it.
import pg from 'pg'

export interface BootstrapOptions {
  readonly database: string
  /** The role that the gateway logs in as. */
  readonly role: string
  readonly schema: string
  /** Told each statement before it runs. */
  readonly print: (statement: string) => void
}

/**
 * Creates the schema and grants the gateway's role `USAGE, CREATE` on it and `CONNECT` on the database. May be run again.
 *
 * Grants only: changing an owner or `ALTER ROLE` needs membership in a role that Cloud SQL keeps for itself.
 */
export async function bootstrap(pool: pg.Pool, options: BootstrapOptions): Promise<void> {
  for (const statement of bootstrapStatements(options)) {
    options.print(`${statement};`)
    await pool.query(statement)
  }
}

/** The statements, in order. Pure. */
function bootstrapStatements(names: Omit<BootstrapOptions, 'print'>): string[] {
  const [database, role, schema] = [names.database, names.role, names.schema].map(pg.escapeIdentifier)
  return [
    `create schema if not exists ${schema}`,
    `grant usage, create on schema ${schema} to ${role}`,
    `grant connect on database ${database} to ${role}`,
  ]
}
