// Streams of Bedrock as the client sees them: committed with the first event, cut or ended by what the provider states.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ACCOUNT,
  chunkFrame,
  exceptionFrame,
  frame,
  frameStream,
  framesOf,
  startBedrock,
} from '../support/bedrock.ts'
import { post, STREAM_BODY } from '../support/relay-client.ts'
import { REPLY_EVENTS, sse } from '../support/sse.ts'
import { jsonAnswer, startUpstream } from '../support/upstream.ts'

const FRAMES = framesOf(REPLY_EVENTS)
const HALF = REPLY_EVENTS.slice(0, 4).join('')
const FALLBACK = { type: 'message', model: 'fallback', usage: { input_tokens: 1, output_tokens: 1 } }

/** The whole answer to a stream of these bytes; another upstream stands behind. */
async function streamOf(pieces: readonly Buffer[], { ends = true } = {}) {
  await using fallback = await startUpstream(() => jsonAnswer(FALLBACK))
  const bytes = frameStream(pieces, { ends })
  await using rig = await startBedrock({
    script: (_request, socket) => void (ends ? socket.write(bytes) : socket.end(bytes)),
    others: [{ base_url: fallback.origin }],
  })
  const reply = await post(rig.port, { body: STREAM_BODY, headers: { 'x-client-request-id': 'r-1' } })
  const [event] = await rig.relay.audited(1)
  return { reply, event, log: rig.relay.log.lines.join('\n'), records: rig.relay.records }
}

test('a stream comes as its events, byte by byte or all at once, and is metered', async () => {
  const whole = Buffer.concat(FRAMES)
  const dripping = Array.from(whole, byte => Buffer.of(byte))

  for (const pieces of [FRAMES, [whole], dripping]) {
    const { reply, records, event } = await streamOf(pieces)

    assert.deepEqual([reply.status, reply.body, reply.isComplete], [200, REPLY_EVENTS.join(''), true])
    assert.equal(reply.headers['cache-control'], 'no-cache')
    assert.deepEqual(
      records.map(({ upstream_model, parts, estimated }) => [
        upstream_model,
        parts[0]?.input,
        parts[0]?.output,
        estimated,
      ]),
      [['us.anthropic.claude-test-v1:0', 11, 5, false]],
    )
    assert.equal(event?.upstream_request_id, 'aws-request-2')
  }
})

test('of the head of the answer nothing of Amazon’s is passed on', async () => {
  const { reply } = await streamOf(FRAMES)

  assert.deepEqual(
    Object.keys(reply.headers).filter(name => /amz|amzn|bedrock/.test(name)),
    [],
  )
})

test('an exception as the first frame lets another upstream answer, with the whole body', async () => {
  for (const type of [
    'throttlingException',
    'serviceUnavailableException',
    'internalServerException',
    'newException',
  ]) {
    const { reply, event, log } = await streamOf([exceptionFrame(type, `of account ${ACCOUNT}`)])

    assert.deepEqual([reply.status, reply.body], [200, JSON.stringify(FALLBACK)])
    assert.deepEqual([event?.upstream, event?.attempts], ['upstream-2', 2])
    assert.match(log, /upstream-1 failed.*of account \[masked\]/)
  }
})

test('a validation exception as the first frame is a 400 in our words, or in those that the client knows', async () => {
  const told = async (message: string) => {
    const { reply } = await streamOf([exceptionFrame('validationException', message)])
    return [reply.status, JSON.parse(reply.body).error]
  }

  const error = (message: string) => [400, { type: 'invalid_request_error', message }]
  assert.deepEqual(await told(`no ${ACCOUNT}`), error('the upstream refused the request'))
  assert.deepEqual(
    await told('Input is too long for requested model.'),
    error('capability_rejected: prompt_too_long'),
  )
  assert.deepEqual(await told('messages.0: wrong'), error('messages.0: wrong'))
})

test('what is no stream of frames, or ends before its first event, lets another upstream answer', async () => {
  const damaged = Buffer.from(FRAMES[0] ?? '')
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
  const other = frame({ ':event-type': 'initial-response', ':message-type': 'event' }, '{}')

  for (const pieces of [
    [damaged],
    [Buffer.from('event: ping\ndata: {}\n\n')],
    [],
    [other],
    [damaged.subarray(0, 40)],
  ]) {
    const { reply, log } = await streamOf(pieces)

    assert.deepEqual([reply.status, reply.body], [200, JSON.stringify(FALLBACK)])
    assert.match(log, /warn upstream upstream-1 failed.*"cause":"the stream: /)
  }
})

test('an exception that a repeat can cure cuts the stream after the last whole event', async () => {
  for (const type of ['throttlingException', 'modelStreamErrorException', 'modelTimeoutException', 'other']) {
    const { reply, event, log } = await streamOf([
      ...FRAMES.slice(0, 4),
      exceptionFrame(type, `of ${ACCOUNT}`),
    ])

    assert.deepEqual([reply.body, reply.isComplete], [HALF, false])
    assert.equal(event?.outcome, 'upstream_abort')
    assert.match(log, /a stream of upstream upstream-1 ended in an error.*"of \[masked\]"/)
  }
})

test('so does an error of the Messages API that a repeat can cure', async () => {
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'x' } }

  const { reply } = await streamOf([...FRAMES.slice(0, 4), chunkFrame(error), ...FRAMES.slice(4)])

  assert.deepEqual([reply.body, reply.isComplete], [HALF, false])
})

test('an error that no repeat can cure is passed on in our words, and the stream ends in order', async () => {
  const ours = (type: string, message: string) =>
    `event: error\ndata: ${JSON.stringify({ type: 'error', request_id: 'r-1', error: { type, message } })}\n\n`
  const document = { type: 'error', error: { type: 'permission_error', message: `no ${ACCOUNT}` } }
  const cases = [
    [
      exceptionFrame('validationException', `no ${ACCOUNT}`),
      ours('invalid_request_error', 'the upstream refused the request'),
    ],
    [chunkFrame(document), ours('permission_error', 'the upstream denied the gateway; tell its operator')],
  ] as const

  for (const [last, expected] of cases) {
    const { reply, event, records } = await streamOf([...FRAMES.slice(0, 4), last, ...FRAMES.slice(4)])

    assert.deepEqual([reply.body, reply.isComplete], [HALF + expected, true])
    assert.equal(event?.outcome, undefined)
    assert.deepEqual([records[0]?.parts[0]?.input, records[0]?.estimated], [11, true])
  }
})

test('a stream that dies, is damaged, or ends without its last event, is cut after the last whole event', async () => {
  const damaged = Buffer.from(FRAMES[4] ?? '')
  damaged[60] = (damaged[60] ?? 0) ^ 1
  const half = FRAMES.slice(0, 4)

  for (const streamed of [
    await streamOf([...half, (FRAMES[4] ?? damaged).subarray(0, 50)], { ends: false }),
    await streamOf([...half, (FRAMES[4] ?? damaged).subarray(0, 50)]),
    await streamOf([...half, damaged, ...FRAMES.slice(5)]),
    await streamOf(half),
  ]) {
    assert.deepEqual([streamed.reply.body, streamed.reply.isComplete], [HALF, false])
    assert.equal(streamed.event?.outcome, 'upstream_abort')
    // The text received so far, ten characters, is three tokens.
    assert.deepEqual(
      streamed.records.map(({ parts, estimated }) => [parts[0]?.input, parts[0]?.output, estimated]),
      [[11, 3, true]],
    )
  }
})

const METRICS = {
  ...{ inputTokenCount: 40, outputTokenCount: 7, cacheReadInputTokenCount: 5, cacheWriteInputTokenCount: 2 },
  ...{ invocationLatency: 900, firstByteLatency: 100 },
}

test('Bedrock’s own figures are used where the events hold none, and pass in their event', async () => {
  const start = { type: 'message_start', message: { model: 'claude-served', content: [] } }
  const stop = { type: 'message_stop', 'amazon-bedrock-invocationMetrics': METRICS }

  const { reply, records } = await streamOf([chunkFrame(start), chunkFrame(stop)])
  const seen = await streamOf([...FRAMES.slice(0, -1), chunkFrame(stop)])

  const { type: _, ...rest } = stop
  assert.ok(reply.body.endsWith(sse('message_stop', rest)))
  assert.deepEqual(records[0]?.parts, [
    { model: 'claude-served', input: 40, output: 7, cache_write_5m: 2, cache_write_1h: 0, cache_read: 5 },
  ])
  assert.equal(records[0]?.estimated, false)
  assert.deepEqual([seen.records[0]?.parts[0]?.input, seen.records[0]?.parts[0]?.output], [11, 5])
})

test('so are the headers of a reply that is no stream', async () => {
  const headers = { 'x-amzn-bedrock-input-token-count': '30', 'x-amzn-bedrock-output-token-count': '4' }
  await using rig = await startBedrock({
    script: () => jsonAnswer({ type: 'message', model: 'claude-served', content: [] }, { headers }),
  })

  await post(rig.port)

  await rig.relay.audited(1)
  assert.deepEqual(
    rig.relay.records.map(({ parts, estimated }) => [parts[0]?.input, parts[0]?.output, estimated]),
    [[30, 4, false]],
  )
})
