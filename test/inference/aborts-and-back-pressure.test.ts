import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parseAnswer, received } from '../support/raw-http.ts'
import { openPost, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { delta, REPLY_EVENTS, unchunk } from '../support/sse.ts'
import { chunk, startUpstream, streamHead } from '../support/upstream.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** What this process holds in buffers, without those that nobody refers to any more. */
function bytesHeld(): number {
  collectGarbage()
  collectGarbage() // waits for what the first one freed to be swept
  return process.memoryUsage().arrayBuffers
}

const OPENING = Buffer.concat([streamHead(), chunk(REPLY_EVENTS[0] ?? '')])

test('a developer who leaves during a stream ends the upstream request', async () => {
  const ended = Promise.withResolvers<void>()
  await using upstream = await startUpstream((_request, socket) => {
    socket.on('close', () => ended.resolve())
    return OPENING
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })
  const socket = openPost(relay.port, { body: STREAM_BODY })
  await once(socket, 'data')

  socket.destroy()

  await ended.promise
  const [event] = await relay.audited(1)
  assert.equal(event?.outcome, 'client_abort')
  assert.equal(event?.status, 200)
  assert.deepEqual(relay.log.lines, [])
})

test('a developer who leaves before the answer ends the upstream request, and nobody else is asked', async () => {
  const ended = Promise.withResolvers<void>()
  await using upstream = await startUpstream((_request, socket) => {
    socket.on('close', () => ended.resolve())
  })
  await using next = await startUpstream(() => {})
  await using relay = await startRelay({
    upstreams: [{ base_url: upstream.origin }, { base_url: next.origin }],
  })
  const socket = openPost(relay.port, { path: '/v1/messages/count_tokens' })
  await upstream.request(1)

  socket.destroy()

  await ended.promise
  const [event] = await relay.audited(1)
  assert.deepEqual(
    { outcome: event?.outcome, status: event?.status },
    { outcome: 'client_abort', status: 499 },
  )
  assert.equal(next.requests.length, 0)
})

test('a developer who leaves during the upload is audited, and no upstream is asked', async () => {
  await using upstream = await startUpstream(() => {})
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })
  const socket = openPost(relay.port, { headers: { 'content-length': '1000' } })

  socket.end(() => socket.destroy())

  const [event] = await relay.audited(1)
  assert.equal(event?.outcome, 'client_abort')
  assert.equal(upstream.requests.length, 0)
})

test('a reader that never reads holds the upstream back, and is cut off in the end', async () => {
  const event = Buffer.from(delta('x'.repeat(8000)))
  let written = 0
  const closed = Promise.withResolvers<void>()
  await using upstream = await startUpstream((_request, socket) => {
    socket.write(OPENING)
    const flood = () => {
      while (!socket.destroyed && socket.write(chunk(event))) written += event.length
    }
    socket.on('drain', flood).on('close', () => closed.resolve())
    flood()
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], clientStallMs: 300 })
  const before = bytesHeld()

  const socket = openPost(relay.port, { body: STREAM_BODY }).pause()
  await closed.promise

  // The kernel's buffers on both connections take a few MiB each; nothing may grow in the process.
  assert.ok(written < 32 * 1024 * 1024, `${written} bytes were taken from the upstream`)
  assert.ok(bytesHeld() - before < 2 * 1024 * 1024)
  assert.equal((await relay.audited(1))[0]?.outcome, 'client_abort')
  socket.destroy()
})

test('a slow reader gets every byte', async () => {
  const event = delta('y'.repeat(4000))
  const events = REPLY_EVENTS[0] + event.repeat(3000) + REPLY_EVENTS.slice(-2).join('')
  await using upstream = await startUpstream((_request, socket) => {
    socket.write(streamHead())
    for (let at = 0; at < events.length; at += 10_000) socket.write(chunk(events.slice(at, at + 10_000)))
    socket.write('0\r\n\r\n')
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })
  const socket = openPost(relay.port, { body: STREAM_BODY })
  const chunks: Buffer[] = []
  socket.on('data', (bytes: Buffer) => {
    chunks.push(bytes)
    socket.pause()
    setImmediate(() => socket.resume())
  })

  await once(socket, 'end')

  const text = Buffer.concat(chunks).toString()
  assert.ok(text.endsWith('0\r\n\r\n'))
  assert.equal(text.split('y'.repeat(4000)).length, 3001)
  socket.destroy()
})

test('when the drain window ends, an open stream is cut after a whole event and audited as drained', async () => {
  await using upstream = await startUpstream(() => Buffer.concat([OPENING, chunk('event: content_bl')]))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })
  const socket = openPost(relay.port, { body: STREAM_BODY })
  const reply = received(socket)
  await once(socket, 'data')

  relay.drain.begin()
  relay.drain.cut(0)

  const { body } = parseAnswer(await reply)
  assert.deepEqual(unchunk(body), { body: REPLY_EVENTS[0], isComplete: false })
  const [event] = await relay.audited(1)
  assert.deepEqual({ outcome: event?.outcome, usage: event?.usage?.input }, { outcome: 'drained', usage: 11 })
})

test('when the drain window ends before an answer has begun, the request is audited as drained', async () => {
  await using upstream = await startUpstream(() => {})
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })
  const waiting = openPost(relay.port, {})
  await upstream.request(1)
  const uploading = openPost(relay.port, { headers: { 'content-length': '1000', expect: '100-continue' } })
  await once(uploading, 'data')

  relay.drain.begin()
  relay.drain.cut(0)

  const events = await relay.audited(2)
  assert.deepEqual(
    events.map(({ outcome, status }) => ({ outcome, status })),
    [
      { outcome: 'drained', status: 499 },
      { outcome: 'drained', status: 499 },
    ],
  )
  waiting.destroy()
  uploading.destroy()
})
