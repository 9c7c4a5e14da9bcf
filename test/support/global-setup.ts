// What one run of tests shares: a Postgres of its own with a migrated template database, gone with the run.
import { randomInt } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type PostgresServer, startPostgres } from '../../app/development/postgres.ts'
import { migrate } from '../../app/store/migrate.ts'

// A crash of the machine may cost a test database its life, so nothing waits for the disk.
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_connections: '400',
  shared_buffers: '64MB',
  autovacuum: 'off',
}

let server: PostgresServer | undefined

export async function globalSetup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  server = await startPostgres({ folder, persistent: false, tcp: true, settings: SETTINGS })
  process.env['GATEHOUSE_TEST_POSTGRES'] = server.url
  process.env['GATEHOUSE_TEST_POSTGRES_TCP'] = server.tcpUrl ?? ''
  await buildTemplate(server.url)
}

export async function globalTeardown(): Promise<void> {
  await server?.stop()
}

async function buildTemplate(url: string): Promise<void> {
  const admin = new pg.Client(url)
  await admin.connect()
  await admin.query('create database gatehouse_template')
  await createPortSequence(admin)
  const pool = new pg.Pool({ connectionString: url.replace(/\/postgres$/, '/gatehouse_template') })
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  await migrate(pool, { folder: join(import.meta.dirname, '../../app/store/migrations'), log: silent })
  await pool.end()
  await admin.query('alter database gatehouse_template with is_template true allow_connections false')
  await admin.end()
}

/**
 * Numbers for `freePort`: below the range from which the system gives ports away, and starting anywhere, so that two
 * runs on one machine seldom meet.
 */
async function createPortSequence(admin: pg.Client): Promise<void> {
  const start = randomInt(10_000, 32_000)
  await admin.query(`create sequence ports minvalue 10000 maxvalue 32000 start ${start} cycle`)
}
