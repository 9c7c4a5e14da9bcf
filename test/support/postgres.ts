// A real database for a test: its own, with all migrations applied, copied from the run's template.
import { randomBytes } from 'node:crypto'
import pg from 'pg'

export interface TestDatabase extends AsyncDisposable {
  /** Through the Unix socket of the run's server, as its superuser. */
  readonly url: string
  /** The same database through 127.0.0.1, with a password. */
  readonly tcpUrl: string
  readonly pool: pg.Pool
}

/** Creates a database for one test; dropped at the end of the scope, whoever still uses it. */
export function createDatabase(): Promise<TestDatabase> {
  return databaseFrom('gatehouse_template')
}

/** As `createDatabase`, before any migration. */
export function emptyDatabase(): Promise<TestDatabase> {
  return databaseFrom('template0')
}

async function databaseFrom(template: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await administer(`create database ${name} template ${template}`)
  const url = addressOf('GATEHOUSE_TEST_POSTGRES', name)
  const pool = replicaPool(url, 5)
  return {
    url,
    tcpUrl: addressOf('GATEHOUSE_TEST_POSTGRES_TCP', name),
    pool,
    async [Symbol.asyncDispose]() {
      if (!pool.ending) await pool.end()
      await connectionsGone(name)
      await administer(`drop database ${name} with (force)`)
    },
  }
}

/** The pool of one replica more; it is no fault when the database is dropped under its connections. */
export function replicaPool(url: string, max: number): pg.Pool {
  return new pg.Pool({ connectionString: url, max }).on('error', () => {})
}

/** How often a connection is looked for that its client has closed and the server has not yet. */
const LOOKS = 50

/** Lets closed connections go first: one that the server ends by force tells its client so, who fails the test. */
async function connectionsGone(database: string): Promise<void> {
  const client = new pg.Client(addressOf('GATEHOUSE_TEST_POSTGRES', 'postgres'))
  await client.connect()
  try {
    for (let look = 0; look < LOOKS; look += 1) {
      const { rows } = await client.query('select 1 from pg_stat_activity where datname = $1 limit 1', [
        database,
      ])
      if (rows.length === 0) return
    }
  } finally {
    await client.end()
  }
}

/** Runs one statement as the superuser, outside of any test's database; answers its rows. */
export async function administer(statement: string): Promise<readonly unknown[]> {
  const client = new pg.Client(addressOf('GATEHOUSE_TEST_POSTGRES', 'postgres'))
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

function addressOf(variable: string, database: string): string {
  const address = process.env[variable]
  if (!address) throw new Error('run tests with `npm test -- <file>`: it starts the database they share')
  return address.replace(/\/postgres$/, `/${database}`)
}
