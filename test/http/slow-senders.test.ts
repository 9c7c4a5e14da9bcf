import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { RouteOptions } from 'fastify'
import { readBody } from '../../app/http/body.ts'
import { startListener } from '../support/listener.ts'
import { exchangeOpen, KeptConnection, parseAnswer, received } from '../support/raw-http.ts'
import { assertRefusal } from '../support/refusal-body.ts'

const quick = { bounds: { headersMs: 60, checkEveryMs: 10 } }
const take: RouteOptions = {
  method: 'POST',
  url: '/take',
  handler: async request => String((await readBody(request, 64)).length),
}

test('headers that do not end in time get 408', async () => {
  await using listener = await startListener([], quick)

  const answer = parseAnswer(await exchangeOpen(listener.port, 'GET /healthz HTTP/1.1\r\nHost'))

  assertRefusal(answer, {
    status: 408,
    type: 'timeout_error',
    message: 'the request did not arrive in time',
  })
  assert.equal(answer.headers['connection'], 'close')
})

test('headers that come a byte at a time are timed as a whole', async () => {
  await using listener = await startListener([], quick)
  const socket = connect(listener.port, '127.0.0.1')
  const text = received(socket)
  const drip = setInterval(() => socket.write('a'), 5)
  socket.write('GET /healthz HTTP/1.1\r\nX-Slow: ')

  assert.equal(parseAnswer(await text).status, 408)
  clearInterval(drip)
})

test('the time between two requests on one connection does not count as header time', async () => {
  await using listener = await startListener([], quick)
  const kept = new KeptConnection(listener.port)
  const request = 'GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n'
  const first = await kept.ask(request)
  // A sender that began later has run out of header time: the kept connection was idle for longer than that.
  await exchangeOpen(listener.port, 'GET /healthz HTTP/1.1\r\nHost')

  const second = await kept.ask(request)

  assert.deepEqual([first.status, second.status], [200, 200])
  assert.equal(kept.socket.destroyed, false)
  kept.close()
})

test('a body that stops gets 408 and the connection closes', async () => {
  await using listener = await startListener([take], { clientBodyMs: 40 })

  const answer = parseAnswer(
    await exchangeOpen(listener.port, 'POST /take HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\nab'),
  )

  assertRefusal(answer, {
    status: 408,
    type: 'timeout_error',
    message: 'the request body did not arrive in time',
  })
  assert.equal(answer.headers['connection'], 'close')
})

test('connections beyond the limit are closed at accept, with one warning', async () => {
  await using listener = await startListener([], { bounds: { maxConnections: 1 } })
  const kept = new KeptConnection(listener.port)
  await kept.ask('GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n')

  const second = await exchangeOpen(listener.port, 'GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n')
  const third = await exchangeOpen(listener.port, 'GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n')

  assert.deepEqual([second, third], ['', ''])
  assert.deepEqual(listener.log.lines, ['warn connections are closed at once: 1 are open'])
  kept.close()
})
