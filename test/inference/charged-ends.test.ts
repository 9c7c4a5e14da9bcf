// Which ends of an answer are charged, and which are given back: each request is one or the other, once.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { received } from '../support/raw-http.ts'
import { openPost, post, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { delta, REPLY_EVENTS } from '../support/sse.ts'
import {
  answer,
  chunk,
  errorAnswer,
  jsonAnswer,
  LAST_CHUNK,
  startUpstream,
  streamHead,
} from '../support/upstream.ts'
import { type WatchedSpending, watchSpending } from '../support/watched-spending.ts'

const OPENING = Buffer.concat([streamHead(), chunk(REPLY_EVENTS[0] + delta('The quick '))])
const MESSAGE = { type: 'message', model: 'claude-served', usage: { input_tokens: 2, output_tokens: 3 } }

const charges = ({ settled }: WatchedSpending) =>
  settled.map(({ record }) => [record.upstream, record.parts[0]?.input, record.aborted])

test('a stream that the drain window cuts is charged for what came', async () => {
  const spending = watchSpending()
  await using upstream = await startUpstream(() => OPENING)
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })
  const socket = openPost(relay.port, { body: STREAM_BODY })
  const reply = received(socket)
  await once(socket, 'data')

  relay.drain.begin()
  relay.drain.cut(0)
  await reply

  assert.equal((await relay.audited(1))[0]?.outcome, 'drained')
  assert.deepEqual([charges(spending), spending.released], [[['upstream-1', 11, true]], []])
})

test('a stream that falls silent is cut, and charged for what came', async () => {
  const spending = watchSpending()
  await using upstream = await startUpstream(() => OPENING)
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending, idleMs: 50 })

  await post(relay.port, { body: STREAM_BODY })

  assert.deepEqual([charges(spending), spending.released], [[['upstream-1', 11, true]], []])
})

test('of a request that went to another upstream only the answer is charged', async () => {
  const spending = watchSpending()
  spending.store()
  await using first = await startUpstream(() => errorAnswer(529, 'overloaded_error'))
  await using second = await startUpstream(() =>
    Buffer.concat([streamHead(), chunk(REPLY_EVENTS.join('')), LAST_CHUNK]),
  )
  await using relay = await startRelay({
    upstreams: [{ base_url: first.origin }, { base_url: second.origin }],
    spending,
  })

  const { isComplete } = await post(relay.port, { body: STREAM_BODY })

  assert.deepEqual(
    [isComplete, charges(spending), spending.released],
    [true, [['upstream-2', 11, false]], []],
  )
})

test('a document that breaks before a byte of it was passed on is refused, and given back', async () => {
  const spending = watchSpending()
  const whole = jsonAnswer(MESSAGE)
  await using upstream = await startUpstream((_request, socket) => socket.end(whole.subarray(0, -5)))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })

  const { status } = await post(relay.port)

  assert.deepEqual([status, spending.settled, spending.released], [502, [], ['1']])
})

test('a long document that breaks is cut, and charged by what of it came', async () => {
  const spending = watchSpending()
  const body = JSON.stringify({ content: 'x'.repeat(400_000), ...MESSAGE })
  const whole = answer({ headers: { 'content-type': 'application/json' }, body })
  await using upstream = await startUpstream((_request, socket) => socket.end(whole.subarray(0, -100)))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })

  const { isComplete } = await post(relay.port)

  const [charged] = spending.settled
  assert.deepEqual([isComplete, charged?.record.aborted, charged?.record.estimated], [false, true, true])
  assert.equal(charged?.record.parts[0]?.output, Math.ceil((body.length - 100) / 4))
})

test('an error inside a stream of 200 is charged as the stream that it is', async () => {
  const spending = watchSpending()
  spending.store()
  const error = 'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"no"}}\n\n'
  await using upstream = await startUpstream(() => Buffer.concat([OPENING, chunk(error), LAST_CHUNK]))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })

  const { isComplete } = await post(relay.port, { body: STREAM_BODY })

  assert.deepEqual(
    [isComplete, charges(spending), spending.released],
    [true, [['upstream-1', 11, false]], []],
  )
})
