import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BODY, post, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { answer, chunk, jsonAnswer, LAST_CHUNK, startUpstream, streamHead } from '../support/upstream.ts'

const REPLY = {
  id: 'msg_1',
  type: 'message',
  model: 'claude-served',
  content: [],
  usage: { input_tokens: 3, output_tokens: 4 },
}

test('a reply reaches the developer byte for byte, with its length and both request ids', async () => {
  await using upstream = await startUpstream(() => jsonAnswer(REPLY, { headers: { 'request-id': 'req_up' } }))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { headers: { 'x-client-request-id': 'mine-1' } })

  assert.equal(reply.status, 200)
  assert.equal(reply.body, JSON.stringify(REPLY))
  assert.equal(reply.headers['content-length'], String(reply.body.length))
  assert.equal(reply.headers['request-id'], 'mine-1')
  assert.equal(reply.headers['x-request-id'], 'mine-1')
  assert.equal(reply.headers['x-content-type-options'], 'nosniff')
})

test('a request reaches the upstream byte for byte, on the same path and query', async () => {
  await using upstream = await startUpstream(() => jsonAnswer(REPLY))
  await using relay = await startRelay({ upstreams: [{ base_url: `${upstream.origin}/base` }] })
  const odd = ' {"max_tokens" : 1e1,\t"x":"\\u00e9é\\/","model":"claude-test","tags":{"a":1}}\n'

  await post(relay.port, { path: '/v1/messages?beta=true&x=%2F', body: odd })

  const [request] = upstream.requests
  assert.equal(request?.line, 'POST /base/v1/messages?beta=true&x=%2F HTTP/1.1')
  assert.equal(request?.body.toString(), odd)
  assert.equal(request?.headers['content-length'], String(Buffer.byteLength(odd)))
})

test('the model is renamed for an upstream that knows it by another name, and nothing else changes', async () => {
  await using upstream = await startUpstream(() => jsonAnswer(REPLY))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  await post(relay.port, { body: '{"a":"model", "model" : "claude-renamed" ,"b":[1]}' })

  assert.equal(upstream.requests[0]?.body.toString(), '{"a":"model", "model" : "upstream-name" ,"b":[1]}')
})

test('31 MiB arrive at the upstream as they were sent', async () => {
  await using upstream = await startUpstream(() => jsonAnswer(REPLY))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })
  const text = Buffer.alloc(31 * 1024 * 1024, 'abcdefghij klmnopqrstuvwxyz').toString()
  const body = `{"model":"claude-renamed","messages":[{"role":"user","content":"${text}"}]}`

  const reply = await post(relay.port, { body })

  assert.equal(reply.status, 200)
  const expected = Buffer.from(body.replace('claude-renamed', 'upstream-name'))
  assert.ok(upstream.requests[0]?.body.equals(expected))
})

test('a stream reaches the developer byte for byte, with a head that no proxy will buffer', async () => {
  await using upstream = await startUpstream((_request, socket) => {
    socket.write(streamHead({ 'cache-control': 'max-age=5', 'request-id': 'req_up' }))
    for (const event of REPLY_EVENTS) socket.write(chunk(event))
    socket.write(LAST_CHUNK)
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { body: STREAM_BODY })

  assert.equal(reply.status, 200)
  assert.equal(reply.isComplete, true)
  assert.equal(reply.body, REPLY_EVENTS.join(''))
  assert.equal(reply.headers['content-type'], 'text/event-stream; charset=utf-8')
  assert.equal(reply.headers['cache-control'], 'no-cache')
  assert.equal(reply.headers['x-accel-buffering'], 'no')
})

test('a stream is known by its media type in any case', async () => {
  await using upstream = await startUpstream(() =>
    Buffer.concat([
      streamHead({ 'content-type': 'Text/Event-Stream' }),
      chunk(REPLY_EVENTS.join('')),
      LAST_CHUNK,
    ]),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { body: STREAM_BODY })

  assert.equal(reply.body, REPLY_EVENTS.join(''))
  assert.equal(reply.headers['transfer-encoding'], 'chunked')
  assert.equal((await relay.audited(1))[0]?.usage?.output, 5)
})

test('unknown events, comments and what follows the last event pass', async () => {
  const stream = `: hello\n\nevent: news\r\ndata: {}\r\n\r\n${REPLY_EVENTS.join('')}: bye`
  await using upstream = await startUpstream((_request, socket) => {
    socket.write(streamHead())
    for (const byte of Buffer.from(stream)) socket.write(chunk(Buffer.of(byte)))
    socket.write(LAST_CHUNK)
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { body: STREAM_BODY })

  assert.equal(reply.body, stream)
  assert.equal(reply.isComplete, true)
})

test('a reply that is longer than what is held is passed on as it comes', async () => {
  const long = JSON.stringify({ ...REPLY, content: [{ type: 'text', text: 'x'.repeat(600_000) }] })
  await using upstream = await startUpstream(() =>
    answer({ headers: { 'content-type': 'application/json' }, body: long }),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port)

  assert.equal(reply.body, long)
  assert.equal(reply.headers['content-length'], String(long.length))
  assert.deepEqual((await relay.audited(1))[0]?.status, 200)
})

test('informational answers before the real one are not taken for it', async () => {
  const early = Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n')
  await using upstream = await startUpstream(() => Buffer.concat([early, jsonAnswer(REPLY)]))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { body: BODY })

  assert.equal(reply.status, 200)
  assert.equal(reply.body, JSON.stringify(REPLY))
  assert.equal(reply.headers['link'], undefined)
})
