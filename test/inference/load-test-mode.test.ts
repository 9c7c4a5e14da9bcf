import assert from 'node:assert/strict'
import { test } from 'node:test'
import { post, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { startUpstream } from '../support/upstream.ts'
import { startVertex } from '../support/vertex.ts'

const LOAD_TEST = { enabled: true, reply_tokens: 100, reply_seconds: 0.05 }

/** The texts of a stream's deltas, joined. */
function textOf(stream: string): string {
  const data = stream.split('\n').filter(line => line.startsWith('data: '))
  return data.map(line => JSON.parse(line.slice(6)).delta?.text ?? '').join('')
}

test('a stream is a canned reply in the usual framing that says what it is, and nothing is sent', async () => {
  await using upstream = await startUpstream(() => {})
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], loadTest: LOAD_TEST })

  const reply = await post(relay.port, { body: STREAM_BODY, headers: { 'x-load-test-user': '0042' } })

  assert.equal(reply.status, 200)
  assert.equal(reply.isComplete, true)
  assert.equal(reply.headers['content-type'], 'text/event-stream; charset=utf-8')
  assert.match(
    reply.body,
    /"id":"msg_loadtest".*"model":"load-test".*"usage":{"input_tokens":0,"output_tokens":0}/,
  )
  assert.match(
    textOf(reply.body),
    /^This is a canned reply: the gateway is in load test mode and asked no model\. /,
  )
  assert.equal(textOf(reply.body).length, 400)
  assert.equal(upstream.requests.length, 0)
  const [event] = await relay.audited(1)
  assert.deepEqual(
    { sub: event?.sub, email: event?.email, load_test: event?.load_test, upstream: event?.upstream },
    { sub: 'dev-1+loadtest-42', email: 'dev@example.com', load_test: true, upstream: 'upstream-1' },
  )
  assert.deepEqual(
    relay.records.map(record => [record.load_test, record.estimated, record.parts[0]?.output]),
    [[true, false, 0]],
  )
})

test('a reply that is no stream comes at once', async () => {
  await using upstream = await startUpstream(() => {})
  await using relay = await startRelay({
    upstreams: [{ base_url: upstream.origin }],
    loadTest: { ...LOAD_TEST, reply_seconds: 600 },
  })

  const reply = await post(relay.port)

  const { content, ...message } = JSON.parse(reply.body)
  assert.deepEqual(message, {
    id: 'msg_loadtest',
    type: 'message',
    role: 'assistant',
    model: 'load-test',
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 0, output_tokens: 0 },
  })
  assert.equal(content.length, 1)
})

test('a token count is 0', async () => {
  await using upstream = await startUpstream(() => {})
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], loadTest: LOAD_TEST })

  const reply = await post(relay.port, { path: '/v1/messages/count_tokens' })

  assert.equal(reply.body, '{"input_tokens":0}')
})

for (const user of ['', '-1', '1.5', '12345678', 'seven', '1, 2']) {
  test(`x-load-test-user "${user}" is refused`, async () => {
    await using upstream = await startUpstream(() => {})
    await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], loadTest: LOAD_TEST })

    const reply = await post(relay.port, { headers: { 'x-load-test-user': user } })

    assert.equal(reply.status, 400)
    assert.match(reply.body, /x-load-test-user must be a whole number of 1 to 7 digits/)
    assert.equal((await relay.audited(1))[0]?.sub, 'dev-1')
  })
}

test('outside load test mode x-load-test-user means nothing', async () => {
  await using upstream = await startUpstream((_request, socket) => socket.destroy())
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  await post(relay.port, { headers: { 'x-load-test-user': '7' } })

  assert.equal((await relay.audited(1))[0]?.sub, 'dev-1')
  assert.equal(upstream.requests[0]?.headers['x-load-test-user'], undefined)
})

test('a rehearsal of Vertex takes a token, sends nothing there, and streams in its framing', async t => {
  await using rig = await startVertex(t, { loadTest: LOAD_TEST })

  const streamed = await post(rig.port, { body: STREAM_BODY })
  const count = await post(rig.port, { path: '/v1/messages/count_tokens' })

  assert.equal(textOf(streamed.body).length, 400)
  assert.equal(streamed.isComplete, true)
  assert.equal(count.body, '{"input_tokens":0}')
  assert.deepEqual([rig.tokens.length, rig.vertex.requests.length], [1, 0])
})
