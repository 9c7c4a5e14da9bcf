import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { type Network, openNetwork } from '../../app/net/network.ts'
import { openPost } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { chunk, streamHead } from '../support/upstream.ts'

/** A network that shows which bodies are handed to it. */
function watchedNetwork(): { network: Network; bodies: unknown[] } {
  const bodies: unknown[] = []
  const real = openNetwork({ allowLoopback: true })
  const watched: Network['dispatcher'] = options =>
    real.dispatcher(options).compose(dispatch => (request: Dispatcher.DispatchOptions, handler) => {
      bodies.push(request.body)
      return dispatch(request, handler)
    })
  return { network: { ...real, dispatcher: watched }, bodies }
}

test('an upstream that answers before it has read does not keep the body in memory', {
  timeout: 30_000,
}, async () => {
  const sockets: Socket[] = []
  const server = createServer(socket => {
    sockets.push(socket.on('error', () => {}))
    socket.once('data', () =>
      socket.pause().write(Buffer.concat([streamHead(), chunk(REPLY_EVENTS[0] ?? '')])),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const { network, bodies } = watchedNetwork()
  const relay = await startRelay({ upstreams: [{ base_url: `http://127.0.0.1:${address.port}` }], network })
  const client = openPost(relay.port, { body: `{"model":"claude-test","x":"${'x'.repeat(20_000_000)}"}` })
  await once(client, 'data')
  const [list] = bodies
  assert.ok(Array.isArray(list) && list.length > 0)

  for (const socket of sockets) socket.resume()

  while (list.length > 0) await setImmediate()
  assert.equal(relay.capacity.open, 1)
  assert.equal(relay.capacity.bufferedBytes, 0)
  client.destroy()
  await relay.audited(1)
  await relay[Symbol.asyncDispose]()
  server.close()
})
