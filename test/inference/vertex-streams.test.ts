// Streams of a cloud: bytes as they came, errors in our words, cuts between two events.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { post, STREAM_BODY } from '../support/relay-client.ts'
import { REPLY_EVENTS, sse } from '../support/sse.ts'
import { chunk, LAST_CHUNK, type Script, streamHead } from '../support/upstream.ts'
import { PROJECT, startVertex } from '../support/vertex.ts'

/** The whole stream that a client gets for `pieces`. */
async function streamOf(
  t: TestContext,
  pieces: readonly (string | Buffer)[],
  end: Buffer | null = LAST_CHUNK,
) {
  const script: Script = (_request, socket) => {
    const bytes = Buffer.concat([streamHead(), ...pieces.map(piece => chunk(piece)), ...(end ? [end] : [])])
    if (end === null) socket.end(bytes)
    else socket.write(bytes)
  }
  await using rig = await startVertex(t, { script })
  const reply = await post(rig.port, { body: STREAM_BODY, headers: { 'x-client-request-id': 'r-1' } })
  return {
    reply,
    log: rig.relay.log.lines,
    records: rig.relay.records,
    event: (await rig.relay.audited(1))[0],
  }
}

test('a stream of Vertex reaches the client byte for byte, events of its own included', async t => {
  const events = [
    ...REPLY_EVENTS.slice(0, 4),
    'event: vertex_event\ndata: {"x":1}\n\n',
    ': comment\n\n',
    ...REPLY_EVENTS.slice(4),
  ]

  const { reply, records } = await streamOf(t, events)

  assert.deepEqual([reply.status, reply.body, reply.isComplete], [200, events.join(''), true])
  const { date, 'x-request-id': _, ...headers } = reply.headers
  assert.deepEqual(
    records.map(({ upstream_model, parts, estimated }) => [
      upstream_model,
      parts[0]?.input,
      parts[0]?.output,
      estimated,
    ]),
    [['claude-test', 11, 5, false]],
  )
  assert.equal(headers['cache-control'], 'no-cache')
  assert.equal(headers['x-accel-buffering'], 'no')
})

test('of the head of a cloud’s answer only its type is passed on', async t => {
  const head = streamHead({
    via: '1.1 google',
    'x-vertex-ai-project': PROJECT,
    'alt-svc': 'h3',
    vary: 'Origin',
  })
  const script = () => Buffer.concat([head, chunk(REPLY_EVENTS.join('')), LAST_CHUNK])
  await using rig = await startVertex(t, { script })

  const { headers } = await post(rig.port, { body: STREAM_BODY })

  assert.equal(headers['content-type'], 'text/event-stream; charset=utf-8')
  for (const name of ['via', 'x-vertex-ai-project', 'alt-svc', 'vary']) assert.equal(headers[name], undefined)
})

const THEIRS = {
  type: 'error',
  error: { type: 'overloaded_error', message: `projects/${PROJECT} is overloaded` },
}
const OURS =
  'event: error\ndata: {"type":"error","request_id":"r-1","error":{"type":"overloaded_error","message":"the upstream failed"}}\n\n'

test('an error event keeps its type and gets our words; nothing comes after it, and the stream ends in order', async t => {
  const error = `event: error\ndata: ${JSON.stringify(THEIRS)}\n\n`
  const before = REPLY_EVENTS.slice(0, 4).join('')

  for (const pieces of [
    [before, error],
    [before + error + sse('ping')],
    [before + error.slice(0, 30), error.slice(30)],
    [before, error, sse('late')],
  ]) {
    const { reply, log } = await streamOf(t, pieces)

    assert.deepEqual([reply.body, reply.isComplete], [before + OURS, true])
    assert.match(
      log.join('\n'),
      /^warn a stream of upstream upstream-1 ended in an error \{"answer":"projects\/\[masked\] is overloaded"/m,
    )
  }
})

test('an error in Google’s own shape, which has no event’s name, becomes an error event', async t => {
  const { reply } = await streamOf(t, [
    REPLY_EVENTS[0] ?? '',
    `data: {"error":{"code":503,"message":"${PROJECT}"}}\n\n`,
  ])

  assert.equal(reply.body, `${REPLY_EVENTS[0]}${OURS.replace('overloaded_error', 'api_error')}`)
  assert.equal(reply.isComplete, true)
})

test('a stream that dies, or ends without its last event, is cut after the last whole event', async t => {
  const half = REPLY_EVENTS.slice(0, 4).join('')
  const died = await streamOf(t, [half, 'event: content_bl'], null)
  const ended = await streamOf(t, [half])

  for (const { reply, event, records } of [died, ended]) {
    assert.deepEqual([reply.body, reply.isComplete], [half, false])
    assert.equal(event?.outcome, 'upstream_abort')
    assert.deepEqual([records[0]?.estimated, records[0]?.parts[0]?.input], [true, 11])
  }
})
