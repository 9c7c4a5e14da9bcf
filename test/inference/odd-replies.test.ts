// What a reply costs that is not as the Messages API says: no output is free, and no error costs anything (M-22, M-26).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readReply, StreamMeter } from '../../app/inference/usage.ts'
import { received } from '../support/raw-http.ts'
import { openPost, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { delta, sse } from '../support/sse.ts'
import { chunk, LAST_CHUNK, startUpstream, streamHead } from '../support/upstream.ts'
import { watchSpending } from '../support/watched-spending.ts'

const READING = { upstreamModel: 'claude-upstream', onOddField: () => {}, assumedInput: 20 }
const START = sse('message_start', {
  message: { type: 'message', usage: { input_tokens: 9, output_tokens: 1 } },
})
const STOP = sse('message_stop')
const FORTY_BYTES = delta('x'.repeat(40))

/** Input, output, and whether that is estimated. */
type Figures = readonly [number | undefined, number | undefined, boolean | undefined]

function streamed(...events: readonly string[]): Figures {
  const meter = new StreamMeter(READING)
  meter.read(Buffer.from(events.join('')))
  const { parts, estimated } = meter.result()
  return [parts[0]?.input, parts[0]?.output, estimated]
}

function replied(usage: object): Figures {
  const content = [{ type: 'text', text: 'x'.repeat(40) }]
  const reply = readReply(Buffer.from(JSON.stringify({ type: 'message', content, usage })), READING)
  return [reply?.parts[0]?.input, reply?.parts[0]?.output, reply?.estimated]
}

test('a stream that ends without its last word on output is counted by its text, however orderly it ends', () => {
  const end = (usage?: object) => sse('message_delta', { delta: { stop_reason: 'end_turn' }, usage })

  assert.deepEqual(streamed(START, FORTY_BYTES, STOP), [9, 10, true])
  assert.deepEqual(streamed(START, FORTY_BYTES, end(), STOP), [9, 10, true])
  assert.deepEqual(streamed(START, FORTY_BYTES, end({ input_tokens: 9 }), STOP), [9, 10, true])
  assert.deepEqual(streamed(START, FORTY_BYTES, end({ output_tokens: 3 }), STOP), [9, 3, false])
})

test('a last word on output without a reason to stop is one once the stream has ended', () => {
  const told = sse('message_delta', { delta: {}, usage: { output_tokens: 3 } })

  assert.deepEqual(streamed(START, FORTY_BYTES, told), [9, 10, true])
  assert.deepEqual(streamed(START, FORTY_BYTES, told, STOP), [9, 3, false])
})

test('a document that counts its input only is counted by its text too', () => {
  assert.deepEqual(replied({ input_tokens: 9 }), [9, 10, true])
  assert.deepEqual(replied({ input_tokens: 9, output_tokens: 0 }), [9, 0, false])
})

test('iterations that count nothing replace nothing', () => {
  const usage = { input_tokens: 9, output_tokens: 3, iterations: [{ type: 'message' }, 7] }

  assert.deepEqual(replied(usage), [9, 3, false])
  assert.deepEqual(replied({ iterations: usage.iterations }), [20, 10, true])
})

test('a stream that is an error and nothing else costs nothing, and one that had begun what came of it', async () => {
  const error = sse('error', { error: { type: 'overloaded_error', message: 'Overloaded' } })
  const streams = [error, START + FORTY_BYTES + error]
  const spending = watchSpending()
  spending.store()
  await using upstream = await startUpstream(() =>
    Buffer.concat([streamHead(), chunk(streams[upstream.requests.length - 1] ?? ''), LAST_CHUNK]),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })

  for (const _ of streams) await received(openPost(relay.port, { body: STREAM_BODY }))

  await relay.audited(2)
  assert.deepEqual(spending.released, ['1'])
  assert.deepEqual(
    spending.settled.map(({ id, record }) => [id, record.parts[0]?.input, record.parts[0]?.output]),
    [['2', 9, 10]],
  )
})
