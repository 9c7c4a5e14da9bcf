import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { reachesMetadata } from '../../app/net/metadata-probe.ts'

test('a metadata server is reachable when it accepts a connection, and is sent nothing', async () => {
  let received = 0
  const server = createServer(socket => socket.on('data', chunk => (received += chunk.length)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const target = { host: '127.0.0.1', port: address.port }

  assert.equal(await reachesMetadata(target), true)

  server.close()
  await once(server, 'close')
  assert.equal(await reachesMetadata(target), false)
  assert.equal(received, 0)
})
