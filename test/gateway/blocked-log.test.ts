// A log collector that hangs: nobody reads the process's standard error any more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { serveGateway } from '../support/gateway-process.ts'
import { startIdp } from '../support/idp.ts'
import { createDatabase } from '../support/postgres.ts'

/** Each request leaves an audit line of over 100 bytes; a pipe holds 64 KiB. */
const REQUESTS = 1200

test('requests are answered and the process ends in order while nobody reads its log', async () => {
  await using database = await createDatabase()
  await using idp = await startIdp()
  const port = await freePort()
  await using gateway = serveGateway({
    port,
    issuer: idp.issuer,
    databaseUrl: database.url,
    upstreamUrls: [idp.issuer],
  })
  await gateway.line('ready')
  gateway.stopReading()

  const statuses = new Set<number>()
  for (let sent = 0; sent < REQUESTS; sent += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/oauth/device_authorization`, {
      method: 'POST',
      body: '',
    })
    statuses.add(answer.status)
    await answer.text()
  }
  gateway.signal('SIGTERM')

  assert.deepEqual([...statuses].sort(), [200, 429])
  assert.equal(await gateway.left, 0)
})
