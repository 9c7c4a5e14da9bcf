import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { openPost, post, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { chunk, errorAnswer, startUpstream, streamHead } from '../support/upstream.ts'

const STREAM = Buffer.from(REPLY_EVENTS.join(''))

/** How many bytes of whole events the first `offset` bytes hold; with `goesOn`, up to the first that it does not take. */
function wholeEvents(offset: number, goesOn: (event: string) => boolean = () => true): number {
  let length = 0
  for (const event of REPLY_EVENTS) {
    if (length + event.length > offset) return length
    length += event.length
    if (!goesOn(event)) return length
  }
  return length
}

/** From here on the developer has seen something: the first event with content is whole. */
const CONTENT_AT = wholeEvents(STREAM.length, event => /^event: (message_start|ping)\n/.test(event))

/** What the developer sees when the upstream dies `end`s way after each number of bytes, from none to all. */
async function cutEverywhere(die: (socket: Socket, bytes: Buffer) => void) {
  let offset = 0
  await using upstream = await startUpstream((_request, socket) => die(socket, STREAM.subarray(0, offset)))
  await using next = await startUpstream(() => errorAnswer(400, 'invalid_request_error'))
  await using relay = await startRelay({
    upstreams: [{ base_url: upstream.origin }, { base_url: next.origin }],
    routing: { breaker_failures: 0, retry_ratio: 1, retry_floor: 1000 },
  })

  const wrong: object[] = []
  for (; offset <= STREAM.length; offset += 1) {
    const reply = await post(relay.port, { body: STREAM_BODY })
    const expected = STREAM.toString('utf8', 0, wholeEvents(offset))
    const isRight =
      offset < CONTENT_AT
        ? reply.status === 400 && reply.isComplete
        : reply.status === 200 && !reply.isComplete && reply.body === expected
    if (!isRight) wrong.push({ offset, ...reply })
  }
  const events = await relay.audited(STREAM.length + 1)
  const outcomes = new Set(events.slice(CONTENT_AT).map(event => event.outcome))
  return { wrong, outcomes, repeats: next.requests.length }
}

const RIGHT = { wrong: [], outcomes: new Set(['upstream_abort']), repeats: CONTENT_AT }

test('a stream that is reset before its first content goes to the next upstream; after it, it ends after a whole event and is never sent again', async () => {
  const found = await cutEverywhere((socket, bytes) => {
    socket.write(Buffer.concat([streamHead(), bytes.length > 0 ? chunk(bytes) : bytes]), () =>
      socket.destroy(),
    )
  })

  assert.deepEqual(found, RIGHT)
})

test('a stream that arrives byte by byte and is cut, after any byte, ends after a whole event', async () => {
  const found = await cutEverywhere((socket, bytes) => {
    socket.write(streamHead())
    for (const byte of bytes) socket.write(chunk(Buffer.of(byte)))
    socket.end()
  })

  assert.deepEqual(found, RIGHT)
})

test('a stream that ends in order, but before its last event, is cut all the same', async () => {
  const early = REPLY_EVENTS.slice(0, -1).join('')
  await using upstream = await startUpstream(() =>
    Buffer.concat([streamHead(), chunk(early), Buffer.from('0\r\n\r\n')]),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { body: STREAM_BODY })

  assert.deepEqual({ body: reply.body, isComplete: reply.isComplete }, { body: early, isComplete: false })
})

test('a stream that ends in an error event ends in order: the provider said what happened', async () => {
  const stream = `${REPLY_EVENTS[0]}event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n`
  await using upstream = await startUpstream(() =>
    Buffer.concat([streamHead(), chunk(stream), Buffer.from('0\r\n\r\n')]),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { body: STREAM_BODY })

  assert.deepEqual({ body: reply.body, isComplete: reply.isComplete }, { body: stream, isComplete: true })
  assert.equal((await relay.audited(1))[0]?.outcome, undefined)
})

test('a silent upstream is given up, and its stream cut after the last whole event', async () => {
  await using upstream = await startUpstream(() =>
    Buffer.concat([streamHead(), chunk(`${REPLY_EVENTS[0]}event: content_block`)]),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], idleMs: 30 })

  const reply = await post(relay.port, { body: STREAM_BODY })

  assert.deepEqual(
    { body: reply.body, isComplete: reply.isComplete },
    { body: REPLY_EVENTS[0], isComplete: false },
  )
})

test('an event beyond 64 KiB passes as it comes, and the next one is held back again', async () => {
  const big = `event: content_block_delta\ndata: {"x":"${'y'.repeat(200_000)}"}\n\n`
  await using upstream = await startUpstream((_request, socket) => {
    socket.end(Buffer.concat([streamHead(), chunk(big + REPLY_EVENTS[0]), chunk('event: half')]))
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { body: STREAM_BODY })

  assert.equal(reply.body, big + REPLY_EVENTS[0])
  assert.equal(reply.isComplete, false)
})

test('to a client of HTTP/1.0, which knows no chunks, a cut stream is a reset', async () => {
  await using upstream = await startUpstream((_request, socket) => {
    socket.write(Buffer.concat([streamHead(), chunk(REPLY_EVENTS[0] ?? '')]))
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const socket = openPost(relay.port, { body: STREAM_BODY, version: '1.0' })

  const failure = await new Promise<NodeJS.ErrnoException>(resolve => {
    socket.once('data', () => {
      for (const open of upstream.sockets) open.destroy()
    })
    socket.once('error', resolve)
  })

  assert.equal(failure.code, 'ECONNRESET')
})
