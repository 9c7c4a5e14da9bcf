// What whoever measures inference is told: each request once, with every attempt and its times in order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InferenceObserver, RequestRecord } from '../../app/inference/observer.ts'
import { post, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { chunk, errorAnswer, jsonAnswer, LAST_CHUNK, startUpstream, streamHead } from '../support/upstream.ts'

const TRACE = { traceId: '0af7651916cd43dd8448eb211c80319c' }

function recorder(trace: { traceId: string } | null = null) {
  const records: RequestRecord[] = []
  const streams: [string, number][] = []
  const observer: InferenceObserver = {
    trace: () => trace,
    streaming: (upstream, change) => void streams.push([upstream, change]),
    uncounted: () => assert.fail('every cost of these is known'),
    over: record => void records.push(record),
  }
  return { observer, records, streams }
}

/** The marks of a record in the order in which they must have happened. */
function marks(record: RequestRecord): number[] {
  const { receivedAt, startedAt, bodyReadAt, attempts, firstByteAt, endedAt } = record
  const tried = attempts.flatMap(attempt => [attempt.startedAt, attempt.sendingAt ?? 0, attempt.endedAt])
  const last = tried.pop()
  const all = [receivedAt, startedAt, bodyReadAt, ...tried, firstByteAt, last, endedAt]
  return all.filter(mark => typeof mark === 'number')
}

test('a request that fails over is told once, with both attempts in the order of time', async () => {
  await using first = await startUpstream(() => errorAnswer(529, 'overloaded_error'))
  await using second = await startUpstream(() =>
    jsonAnswer({ type: 'message', usage: { input_tokens: 3, output_tokens: 4 } }),
  )
  const { observer, records, streams } = recorder()
  const upstreams = [{ base_url: first.origin }, { base_url: second.origin }]
  await using relay = await startRelay({ upstreams, observer })

  await post(relay.port)
  await relay.audited(1)

  const [record] = records
  assert.ok(record)
  const { attempts, upstream, model, stream, status, outcome, usage, trace } = record
  assert.deepEqual(
    {
      upstream,
      model,
      stream,
      status,
      outcome,
      trace,
      output: usage?.parts[0]?.output,
      told: records.length,
    },
    {
      ...{ upstream: 'upstream-2', model: 'claude-test', stream: false, status: 200 },
      ...{ outcome: undefined, trace: null, output: 4, told: 1 },
    },
  )
  assert.deepEqual(
    attempts.map(attempt => [attempt.upstream, attempt.model, attempt.result]),
    [
      ['upstream-1', 'claude-test', '5xx'],
      ['upstream-2', 'claude-test', 'ok'],
    ],
  )
  const inTime = marks(record)
  assert.deepEqual(
    inTime,
    inTime.toSorted((a, b) => a - b),
  )
  assert.deepEqual(streams, [])
})

test('a stream is open from its first byte to its end', async () => {
  await using upstream = await startUpstream(() =>
    Buffer.concat([streamHead(), chunk(REPLY_EVENTS.join('')), LAST_CHUNK]),
  )
  const { observer, streams } = recorder()
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], observer })

  await post(relay.port, { body: STREAM_BODY })
  await relay.audited(1)

  assert.deepEqual(streams, [
    ['upstream-1', 1],
    ['upstream-1', -1],
  ])
})

test('every kind of failed attempt has its word', async () => {
  const words: string[] = []
  for (const [status, word] of [
    [429, '429'],
    [404, '4xx'],
    [302, '4xx'],
    [500, '5xx'],
    [0, 'connect'],
  ] as const) {
    await using upstream = await startUpstream((_request, socket) =>
      status === 0 ? socket.destroy() : errorAnswer(status, 'their_type'),
    )
    const { observer, records } = recorder()
    await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], observer })

    await post(relay.port)
    await relay.audited(1)

    words.push(`${records[0]?.attempts[0]?.result} ${word}`)
  }
  assert.deepEqual(words, ['429 429', '4xx 4xx', '4xx 4xx', '5xx 5xx', 'connect connect'])
})

test('the audit line and the warnings of a traced request carry the id of its trace', async () => {
  await using upstream = await startUpstream(() => errorAnswer(500, 'api_error'))
  const { observer } = recorder(TRACE)
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], observer })

  await post(relay.port)

  const [event] = await relay.audited(1)
  assert.equal(event?.trace_id, TRACE.traceId)
  assert.ok(relay.log.lines.some(line => line.includes('failed; asking') && line.includes(TRACE.traceId)))
})

test('a request that is refused before any upstream is asked is told as well', async () => {
  await using upstream = await startUpstream(() => jsonAnswer({}))
  const { observer, records } = recorder()
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], observer })

  await post(relay.port, { body: '{"model":"unknown-model"}' })
  await relay.audited(1)

  const [record] = records
  assert.deepEqual(
    [record?.status, record?.attempts, record?.upstream, record?.firstByteAt],
    [400, [], null, null],
  )
})
