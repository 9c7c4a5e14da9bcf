import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RouteOptions } from 'fastify'
import { startListener } from '../support/listener.ts'
import { exchangeOpen, KeptConnection } from '../support/raw-http.ts'
import { assertRefusal } from '../support/refusal-body.ts'

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: g\r\n\r\n`

/** A route that answers when it is told to, and says when it was reached. */
function heldRoute() {
  const reached = Promise.withResolvers<void>()
  const release = Promise.withResolvers<string>()
  const route: RouteOptions = {
    method: 'GET',
    url: '/held',
    handler: () => {
      reached.resolve()
      return release.promise
    },
  }
  return { route, reached: reached.promise, release: () => release.resolve('done') }
}
const poll: RouteOptions = {
  method: 'GET',
  url: '/poll',
  config: { servedWhileDraining: true },
  handler: () => 'pending',
}

test('a request that runs when the drain begins is answered, and its connection then closes', async () => {
  const held = heldRoute()
  await using listener = await startListener([held.route])
  const kept = new KeptConnection(listener.port)
  // A second request waits behind the first; it belongs on another replica.
  kept.socket.write(get('/held') + get('/nowhere'))
  await held.reached
  listener.drain.begin()
  held.release()

  const running = await kept.answer()

  assert.deepEqual([running.status, running.body, running.headers['connection']], [200, 'done', 'close'])
})

test('what is refused during a drain is told to come back in a second', async () => {
  await using listener = await startListener([poll])
  const draining = { ...listener.drain, isDraining: true }
  await using late = await startListener([poll], { drain: draining })
  const kept = new KeptConnection(late.port)

  const refused = await kept.ask(get('/nowhere'))

  assertRefusal(
    { ...refused, headers: withoutRetry(refused.headers) },
    { status: 503, type: 'api_error', message: 'the gateway is shutting down' },
  )
  assert.deepEqual([refused.headers['retry-after'], refused.headers['connection']], ['1', 'close'])
})

test('polls, refreshes and the like are answered as always during a drain, and the connection closes', async () => {
  await using listener = await startListener([poll])
  await using late = await startListener([poll], { drain: { ...listener.drain, isDraining: true } })

  const answer = await new KeptConnection(late.port).ask(get('/poll'))

  assert.deepEqual([answer.status, answer.body, answer.headers['connection']], [200, 'pending', 'close'])
})

test('readiness says draining while liveness stays ok', async () => {
  await using listener = await startListener()
  await using late = await startListener([], { drain: { ...listener.drain, isDraining: true } })

  const ready = await new KeptConnection(late.port).ask(get('/readyz'))
  const live = await new KeptConnection(late.port).ask(get('/healthz'))

  assert.deepEqual([ready.status, ready.body], [503, 'draining'])
  assert.deepEqual([live.status, live.body], [200, 'ok'])
})

test('the port closes when the drain begins, and idle connections with it', async () => {
  await using listener = await startListener()
  const kept = new KeptConnection(listener.port)
  await kept.ask(get('/healthz'))
  const closed = new Promise(resolve => kept.socket.once('close', resolve))

  listener.drain.begin()

  await closed
  assert.equal(listener.server.server.listening, false)
  assert.equal(await exchangeOpen(listener.port, get('/healthz')), '')
})

test('the drain is over when the last request has ended', async () => {
  const held = heldRoute()
  await using listener = await startListener([held.route])
  const answer = new KeptConnection(listener.port).ask(get('/held'))
  await held.reached
  listener.drain.begin()
  const idle = listener.drain.whenIdle(60_000)
  assert.equal(listener.drain.running, 1)

  held.release()

  assert.equal((await answer).body, 'done')
  assert.equal(await idle, true)
})

test('50 streams that outlive the window are cut, and one warning says what to raise', async () => {
  await using listener = await startListener()
  const { drain } = listener
  const cut: number[] = []
  drain.enter()
  const ends = Array.from({ length: 51 }, (_, i) => drain.track({ cut: () => void cut.push(i) }))
  ends[0]?.()
  drain.begin()

  const isIdle = await drain.whenIdle(1)
  const count = drain.cut(25_000)

  assert.equal(isIdle, false)
  assert.equal(count, 50)
  assert.equal(cut.length, 50)
  assert.equal(drain.cut(25_000), 0)
  assert.equal(
    listener.log.lines[0],
    'warn drain window over after 25000 ms: 50 open streams were cut. Raise CLAUDE_GATEWAY_DRAIN_TIMEOUT_MS and, ' +
      'above it, the grace period of the platform (terminationGracePeriodSeconds, TimeoutStopSec)',
  )
})

function withoutRetry(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { 'retry-after': _, ...rest } = headers
  return rest
}
