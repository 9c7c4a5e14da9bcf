import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { freePort } from '../support/free-port.ts'
import { serveGateway } from '../support/gateway-process.ts'
import { startIdp } from '../support/idp.ts'
import { createDatabase, emptyDatabase } from '../support/postgres.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const UPSTREAMS = { upstreamUrls: ['http://127.0.0.1:9'] }

/** Waits until a session of `pool`'s database waits for a lock. */
async function lockWaiter(pool: pg.Pool, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const { rowCount } = await pool.query(
      `select 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()`,
    )
    if (rowCount === 1) return
  }
}

test('SIGTERM while another replica migrates ends with 0, and nobody has to wait for the lock because of it', async t => {
  await using database = await emptyDatabase()
  await using idp = await startIdp()
  const other = new pg.Client(database.url)
  await other.connect()
  await other.query('begin')
  await other.query('select pg_advisory_xact_lock(4718502116)')
  const settings = { ...UPSTREAMS, port: await freePort(), issuer: idp.issuer, databaseUrl: database.url }
  await using started = serveGateway(settings)
  await lockWaiter(database.pool, t.signal)

  started.signal('SIGTERM')

  const code = await started.exited
  await other.query('rollback')
  await other.query('select pg_advisory_lock(4718502116)')
  await other.end()
  assert.equal(code, 0)
  assert.ok(!/ (warn|error) /.test(started.stderr), started.stderr)
})

test('SIGTERM while the database says nothing ends with 0', async () => {
  await using database = await createDatabase()
  await using proxy = await startTcpProxy(database.tcpUrl)
  proxy.pause()
  const reached = proxy.reached()
  const databaseUrl = proxy.through(database.tcpUrl)
  const settings = { ...UPSTREAMS, port: await freePort(), issuer: 'http://127.0.0.1:9', databaseUrl }
  await using started = serveGateway(settings)
  await reached

  started.signal('SIGTERM')

  assert.equal(await started.exited, 0)
})

test('SIGINT between two attempts at the identity provider ends with 0', async () => {
  await using database = await createDatabase()
  const issuer = `http://127.0.0.1:${await freePort()}`
  const settings = { ...UPSTREAMS, port: await freePort(), issuer, databaseUrl: database.url }
  await using started = serveGateway(settings)
  await started.line('attempt 1 of 3')

  started.signal('SIGINT')

  assert.equal(await started.exited, 0)
  assert.ok(!started.stderr.includes('cannot start'), started.stderr)
})

test('SIGTERM while the identity provider says nothing ends with 0', async () => {
  await using database = await createDatabase()
  const asked = Promise.withResolvers<void>()
  const hang = () => asked.resolve()
  await using idp = await startIdp({ faults: { discovery: hang } })
  const settings = { ...UPSTREAMS, port: await freePort(), issuer: idp.issuer, databaseUrl: database.url }
  await using started = serveGateway(settings)
  await asked.promise

  started.signal('SIGTERM')

  // Not one attempt was waited for to its end.
  assert.equal(await started.exited, 0)
  assert.ok(!started.stderr.includes('attempt 1 of 3'), started.stderr)
})
