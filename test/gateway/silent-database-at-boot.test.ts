import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { serveGateway } from '../support/gateway-process.ts'
import { createDatabase } from '../support/postgres.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

// Makes the driver's patience with a statement endless: an end that waited for it would never come.
const PATIENT = `data:text/javascript,const real = setTimeout; globalThis.setTimeout =
  (work, ms, ...rest) => real(work, ms >= 5000 ? 2147483647 : ms, ...rest)`

test('SIGTERM ends a boot whose database fell silent after it had answered', {
  timeout: 60_000,
}, async () => {
  await using database = await createDatabase()
  const silent = Promise.withResolvers<void>()
  await using proxy = await startTcpProxy(database.tcpUrl, bytes => {
    // The answer to the question for the server's version is the first with this column.
    if (!bytes.includes('named')) return
    proxy.pause()
    silent.resolve()
  })
  const port = await freePort()
  const databaseUrl = proxy.through(database.tcpUrl)
  const settings = { port, issuer: 'http://127.0.0.1:9', databaseUrl, upstreamUrls: ['http://127.0.0.1:9'] }
  await using started = serveGateway(settings, { nodeOptions: ['--import', PATIENT] })
  await silent.promise
  // Whatever the gateway asks next is not passed on, so there is nothing to wait for but its own end.

  started.signal('SIGTERM')

  assert.equal(await started.exited, 0)
  assert.ok(!started.stderr.includes('cannot start'), started.stderr)
})
