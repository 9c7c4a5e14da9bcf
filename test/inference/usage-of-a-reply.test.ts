import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readReply, readReplyTail, StreamMeter } from '../../app/inference/usage.ts'
import type { ReplyUsage, UsagePart } from '../../app/inference/usage-record.ts'
import { delta, REPLY_EVENTS, sse } from '../support/sse.ts'

const NOTHING: UsagePart = {
  model: 'claude-served',
  input: 0,
  output: 0,
  cache_write_5m: 0,
  cache_write_1h: 0,
  cache_read: 0,
}

const NO_READING = { upstreamModel: 'x', onOddField: () => {}, assumedInput: 0 }

function start(usage: object | undefined, model = 'claude-served'): string {
  return sse('message_start', { message: { type: 'message', model, usage } })
}

function end(usage: object): string {
  return sse('message_delta', { delta: { stop_reason: 'end_turn' }, usage }) + sse('message_stop')
}

/** The reading of a stream that comes in one piece, and the names of the fields that were odd. */
function read(stream: string, assumedInput = 0): { usage: ReplyUsage; odd: string[] } {
  const odd: string[] = []
  const meter = new StreamMeter({
    upstreamModel: 'claude-upstream',
    onOddField: field => odd.push(field),
    assumedInput,
  })
  meter.read(Buffer.from(stream))
  return { usage: meter.result(), odd }
}

function reading(
  part: Partial<UsagePart>,
  rest: Partial<ReplyUsage> = {},
): { usage: ReplyUsage; odd: string[] } {
  const usage = {
    ...{ served_model: NOTHING.model, web_searches: 0, speed: null, inference_geo: null, estimated: false },
    ...rest,
  }
  return { usage: { parts: [{ ...NOTHING, ...part }], ...usage }, odd: [] }
}

test('the usage of a stream is that of its start, raised by its end: the figures are cumulative', () => {
  const stream = start({ input_tokens: 10, output_tokens: 2 }) + end({ output_tokens: 90 })

  assert.deepEqual(read(stream), reading({ input: 10, output: 90 }))
})

test('with server tools the end counts every call of the model, input and cache too', () => {
  const stream =
    start({ input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 }) +
    sse('message_delta', { delta: { stop_reason: null }, usage: { input_tokens: 4, output_tokens: 9 } }) +
    end({
      input_tokens: 210,
      cache_read_input_tokens: 50,
      output_tokens: 80,
      server_tool_use: { web_search_requests: 3 },
    })

  assert.deepEqual(read(stream), reading({ input: 210, output: 80, cache_read: 50 }, { web_searches: 3 }))
})

test('cache writes are split by how long they live; what no tier names was written for five minutes', () => {
  const tiers = { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 300 }
  const stream =
    start({ cache_creation_input_tokens: 450, cache_creation: tiers, output_tokens: 1 }) +
    end({ output_tokens: 2 })

  assert.deepEqual(read(stream), reading({ output: 2, cache_write_5m: 150, cache_write_1h: 300 }))
})

test('the iterations of the last usage replace the sums: each with its own model, or the served one', () => {
  const iterations = [
    { type: 'compaction', input_tokens: 900, output_tokens: 30 },
    {
      type: 'advisor_message',
      model: 'claude-advisor',
      input_tokens: 7,
      output_tokens: 8,
      cache_read_input_tokens: 6,
    },
    { type: 'message', model: null, input_tokens: 20, output_tokens: 40, cache_creation_input_tokens: 5 },
  ]
  const stream = start({ input_tokens: 20, output_tokens: 1 }) + end({ output_tokens: 40, iterations })

  assert.deepEqual(read(stream).usage.parts, [
    { ...NOTHING, input: 900, output: 30 },
    { ...NOTHING, model: 'claude-advisor', input: 7, output: 8, cache_read: 6 },
    { ...NOTHING, input: 20, output: 40, cache_write_5m: 5 },
  ])
})

test('an empty list of iterations changes nothing', () => {
  const stream = start({ input_tokens: 1, output_tokens: 1 }) + end({ output_tokens: 2, iterations: [] })

  assert.deepEqual(read(stream), reading({ input: 1, output: 2 }))
})

test('speed and region are what the response says', () => {
  const stream = start({ output_tokens: 1, inference_geo: 'us' }) + end({ output_tokens: 2, speed: 'fast' })

  assert.deepEqual(read(stream), reading({ output: 2 }, { speed: 'fast', inference_geo: 'us' }))
})

test('a field of a wrong kind is left out and named; nulls are no fault', () => {
  const usage = {
    input_tokens: -1,
    output_tokens: '7',
    cache_read_input_tokens: 4,
    cache_creation_input_tokens: null,
  }
  const stream = start(usage) + end({ output_tokens: 1.5 })

  assert.deepEqual(read(stream), {
    ...reading({ cache_read: 4 }, { estimated: true }),
    odd: ['input_tokens', 'output_tokens', 'output_tokens'],
  })
})

test('the output of a stream that was cut is estimated from the text that came: 27 characters are 7 tokens', () => {
  const stream = REPLY_EVENTS.slice(0, 6).join('')

  assert.deepEqual(read(stream), reading({ input: 11, output: 7 }, { estimated: true }))
})

test('thinking and tool input count as text, escapes as they stand, and keys inside a text do not', () => {
  const deltas = [
    sse('content_block_delta', { index: 0, delta: { type: 'thinking_delta', thinking: '"text":"zz"' } }),
    sse('content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json: '{"a":1}' } }),
    'event: content_block_delta\r\ndata: {"delta": {"text": "four"}}\r\n\r\n',
    sse('content_block_delta', { index: 2, delta: { type: 'signature_delta', signature: 'x'.repeat(99) } }),
  ]
  // Raw: \"text\":\"zz\" is 15 bytes, {\"a\":1} is 9, four is 4.
  const stream = start({ input_tokens: 1, output_tokens: 1 }) + deltas.join('')

  assert.deepEqual(read(stream), reading({ input: 1, output: 7 }, { estimated: true }))
})

test('the output that the upstream told before the cut counts when it is more than the text shows', () => {
  const stream = start({ input_tokens: 1, output_tokens: 50 }) + delta('ab')

  assert.deepEqual(read(stream), reading({ input: 1, output: 50 }, { estimated: true }))
})

test('a stream cut after its last word on usage is not estimated', () => {
  const stream = REPLY_EVENTS.slice(0, -1).join('')

  assert.deepEqual(read(stream), reading({ input: 11, output: 5 }))
})

test('a complete reply without any usage is estimated', () => {
  const stream = start(undefined) + delta('12345678') + sse('message_stop')

  assert.deepEqual(read(stream), reading({ output: 2 }, { estimated: true }))
})

test('a stream reads the same wherever it is split, with either kind of line end', () => {
  const lf = REPLY_EVENTS.join('')
  const wrong: number[] = []
  for (const stream of [lf, lf.replaceAll('\n', '\r\n')]) {
    const bytes = Buffer.from(stream)
    for (let at = 0; at <= bytes.length; at += 1) {
      const meter = new StreamMeter(NO_READING)
      for (const piece of [bytes.subarray(0, at), bytes.subarray(at, at + 1), bytes.subarray(at + 1)])
        meter.read(piece)
      const { parts, estimated } = meter.result()
      if (!meter.isWhole || estimated || parts[0]?.output !== 5 || parts[0].input !== 11) wrong.push(at)
    }
  }

  assert.deepEqual(wrong, [])
})

test('an event beyond 64 KiB is not looked at, and the next one is', () => {
  const big = sse('content_block_start', { x: 'y'.repeat(100_000) })
  const bytes = Buffer.from(start({ input_tokens: 3, output_tokens: 1 }) + big + end({ output_tokens: 4 }))
  const meter = new StreamMeter(NO_READING)
  for (let at = 0; at < bytes.length; at += 7) meter.read(bytes.subarray(at, at + 7))

  assert.deepEqual(meter.result().parts, [{ ...NOTHING, input: 3, output: 4 }])
})

test('a JSON reply is read at its end; an error costs nothing', () => {
  const message = { type: 'message', model: 'claude-served', usage: { input_tokens: 2, output_tokens: 3 } }

  assert.deepEqual(readReply(Buffer.from(JSON.stringify(message)), NO_READING)?.parts, [
    { ...NOTHING, input: 2, output: 3 },
  ])
  assert.equal(readReply(Buffer.from('{"type":"error","usage":{"input_tokens":5}}'), NO_READING), null)
})

test('no answer is free: what tells nothing counts by its bytes, and by those of its request', () => {
  const assumed = { ...NO_READING, upstreamModel: 'claude-served', assumedInput: 20 }
  const estimated = (output: number) => reading({ input: 20, output }, { estimated: true }).usage

  assert.deepEqual(readReply(Buffer.from('no JSON!!'), assumed), estimated(3))
  assert.deepEqual(readReply(Buffer.from('{"type":"message","usage":{}}'), { ...assumed }), estimated(0))
  assert.deepEqual(readReplyTail(Buffer.from('}'), { ...assumed, bytes: 400_001 }), estimated(100_001))
  assert.deepEqual(read(start({ input_tokens: 'many' }) + delta('ab') + sse('message_stop'), 20), {
    ...{ usage: estimated(1), odd: ['input_tokens'] },
  })
  assert.deepEqual(read(delta('abcde'), 20).usage.parts, [
    { ...NOTHING, model: 'claude-upstream', input: 20, output: 2 },
  ])
})

test('a JSON reply without usage is estimated from its text', () => {
  const content = [
    { type: 'text', text: '12345' },
    { type: 'thinking', thinking: '123' },
  ]
  const body = JSON.stringify({ type: 'message', model: 'claude-served', content })

  assert.deepEqual(
    readReply(Buffer.from(body), NO_READING),
    reading({ output: 2 }, { estimated: true }).usage,
  )
})

test('of a long JSON reply the end is enough, whatever its texts quote', () => {
  const usage = { input_tokens: 2, output_tokens: 3, cache_creation: { ephemeral_1h_input_tokens: 4 } }
  const text = '"usage":{"output_tokens":999}'
  const tool = { type: 'tool_use', input: { usage: { limit: 1 } } }
  const body = JSON.stringify({ content: [{ text }], stop_reason: 'end_turn', usage, extra: tool })

  const found = readReplyTail(Buffer.from(body.slice(5)), {
    ...{ ...NO_READING, upstreamModel: 'claude-served', bytes: body.length },
  })

  assert.deepEqual(found, reading({ input: 2, output: 3, cache_write_1h: 4 }).usage)
})
