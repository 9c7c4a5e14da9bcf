// `gatehouse migrate`: brings a database to this version, or prepares a new one for the gateway's role.
import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import type { MigrateArguments } from '../config/migrate-arguments.ts'
import { StoreSection } from '../config/store.ts'
import type { Log } from '../lib/log.ts'
import { bootstrap } from '../store/bootstrap.ts'
import { CLOUD_SQL_SCHEMA } from '../store/cloud-sql.ts'
import { migrate } from '../store/migrate.ts'
import { withStore } from './open-store.ts'

export interface MigrateCommand {
  /** The folder of the numbered .sql files. */
  readonly migrations: string
  readonly environment: Pick<Environment, 'allowLoopback' | 'proxies'>
  readonly print: (line: string) => void
  readonly log: Log
}

/** Applies what the database of `config` lacks, and prints the name of each migration. */
export async function migrateDatabase(config: Config, command: MigrateCommand): Promise<void> {
  const { log, migrations, print } = command
  const cloudSql = config.gatehouse.cloud_sql
  await withStore({ store: config.store, cloudSql }, command.environment, async ({ pool, key }) => {
    const applied = await migrate(pool, { folder: migrations, log, key })
    for (const name of applied) print(name)
    print(applied.length === 0 ? 'nothing to do' : `${applied.length} applied`)
  })
}

type Bootstrap = Extract<MigrateArguments, { kind: 'bootstrap' }>

/** Creates the schema and grants the gateway's role what it needs, printing each statement. */
export async function bootstrapDatabase(asked: Bootstrap, command: MigrateCommand): Promise<void> {
  const { where, role } = asked
  const login = {
    ...(asked.user !== null && { username: asked.user }),
    ...(asked.passwordFile !== null && { password: readFileSync(asked.passwordFile, 'utf8').trim() }),
  }
  const source =
    'url' in where
      ? { store: StoreSection.parse({ postgres_url: where.url, ...login }), cloudSql: undefined }
      : { store: StoreSection.parse(login), cloudSql: cloudSqlOf(where) }
  await withStore(source, command.environment, async ({ pool }) => {
    const database = pool.options.database ?? ''
    await bootstrap(pool, { database, role, schema: CLOUD_SQL_SCHEMA, print: command.print })
  })
}

function cloudSqlOf({ instance, ipType, database }: Extract<Bootstrap['where'], { instance: string }>) {
  return { instance_connection_name: instance, ip_type: ipType, iam_auth: false, database }
}
