// Quiet streams of a cloud are kept alive, by a timer that all streams share.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { PING, PingTimer } from '../../app/inference/pings.ts'
import { openPost, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { delta, REPLY_EVENTS, unchunk } from '../support/sse.ts'
import { chunk, LAST_CHUNK, startUpstream, streamHead } from '../support/upstream.ts'
import { startVertex, type VertexOptions } from '../support/vertex.ts'

const [FIRST = '', ...REST] = REPLY_EVENTS

test('a ping is due 15 s after the last byte, and every 15 s after', () => {
  const timer = new PingTimer()
  const dueAt = (...times: number[]) => times.map(now => timer.isDue(now))

  assert.deepEqual(dueAt(1000, 15_999, 16_000), [false, false, true])
  timer.wrote()
  assert.deepEqual(dueAt(16_500, 31_499, 31_500), [false, false, true])
  timer.wrote()
  timer.wrote()
  assert.deepEqual(dueAt(40_000, 54_999, 55_000), [false, false, true])
})

test('a ping is these bytes', () => {
  assert.equal(PING.toString(), 'event: ping\ndata: {"type": "ping"}\n\n')
})

/** Every look at it is a second. */
function hastyClock() {
  const time = { now: 0 }
  return { time, clock: () => (time.now += 1000) }
}

/** A stream that has begun, in the test's hands at both ends; its limits in time are far away. */
async function openStream(t: TestContext, options: VertexOptions = {}) {
  const { time, clock } = hastyClock()
  const { promise: begun, resolve } = Promise.withResolvers<Socket>()
  const rig = await startVertex(t, {
    ...{ clock, idleMs: 0, ttfbMs: 1e9, clientStallMs: 1e9, ...options },
    script: (_request, socket) => resolve(socket),
  })
  const client = openPost(rig.port, { body: STREAM_BODY }).setEncoding('latin1')
  const received = { text: '' }
  client.on('data', text => {
    received.text += text
  })
  const upstream = await begun
  upstream.write(streamHead())
  return {
    ...{ time, upstream, client },
    /** The body so far, without its framing. */
    body: () => unchunk(received.text.slice(received.text.indexOf('\r\n\r\n') + 4)).body,
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  }
}

type Stream = Awaited<ReturnType<typeof openStream>>

async function until({ body }: Stream, text: string): Promise<void> {
  while (!body().includes(text)) await setImmediate()
}

async function pass({ time }: Stream, seconds: number): Promise<void> {
  const end = time.now + seconds * 1000
  while (time.now < end) await setImmediate()
}

async function finish(stream: Stream, last: string): Promise<string> {
  stream.upstream.write(Buffer.concat([chunk(last), LAST_CHUNK]))
  await until(stream, REPLY_EVENTS.at(-1) ?? '')
  return stream.body()
}

test('a quiet stream gets pings between its events, before the first one too', async t => {
  await using stream = await openStream(t)

  await until(stream, `${PING}${PING}`)
  stream.upstream.write(chunk(FIRST))
  await until(stream, `${FIRST}${PING}`)
  const body = await finish(stream, REST.join(''))

  assert.equal(body.replaceAll(`${PING}`, ''), REPLY_EVENTS.join(''))
})

test('a ping stands before an event whose beginning has come, as long as that is held back', async t => {
  await using stream = await openStream(t)
  stream.upstream.write(chunk(FIRST + REST.join('').slice(0, 40)))

  await until(stream, `${FIRST}${PING}`)
  const body = await finish(stream, REST.join('').slice(40))

  assert.equal(body.replaceAll(`${PING}`, ''), REPLY_EVENTS.join(''))
})

test('inside an event that is too long to be held no ping is written', async t => {
  const long = delta('x'.repeat(70_000))
  await using stream = await openStream(t)
  stream.upstream.write(chunk(FIRST + long.slice(0, 69_000)))

  await until(stream, long.slice(0, 69_000))
  await pass(stream, 60)
  const body = await finish(stream, long.slice(69_000) + REST.join(''))

  assert.ok(body.includes(long))
})

test('pings do not keep an upstream alive that has fallen silent', async t => {
  await using stream = await openStream(t, { idleMs: 60_000 })
  stream.upstream.write(chunk(FIRST))

  await until(stream, `${FIRST}${PING}`)
  while (!stream.client.readableEnded) await setImmediate()

  assert.equal(stream.body().replaceAll(`${PING}`, ''), FIRST)
})

test('a client that does not drain gets no pings on top of what waits for it', async t => {
  await using stream = await openStream(t)
  stream.client.pause()
  const events = delta('y'.repeat(60_000)).repeat(200)
  stream.upstream.write(chunk(FIRST + events))
  await pass(stream, 200)

  stream.client.resume()
  const body = await finish(stream, REST.join(''))

  const inside = body.slice(body.indexOf(events.slice(0, 100)), body.lastIndexOf('y'))
  assert.equal(inside.includes(`${PING}`), false)
})

test('the Anthropic API sends pings of its own, and gets none of ours', async () => {
  const { time, clock } = hastyClock()
  await using upstream = await startUpstream((_request, socket) => {
    socket.write(Buffer.concat([streamHead(), chunk(FIRST)]))
  })
  await using relay = await startRelay({
    ...{ clock, idleMs: 60_000, ttfbMs: 1e9, clientStallMs: 1e9 },
    upstreams: [{ base_url: upstream.origin }],
  })
  const client = openPost(relay.port, { body: STREAM_BODY }).setEncoding('latin1')
  let text = ''
  client.on('data', more => {
    text += more
  })

  while (!client.readableEnded) await setImmediate()

  assert.ok(time.now > 60_000)
  assert.equal(unchunk(text.slice(text.indexOf('\r\n\r\n') + 4)).body, FIRST)
})
