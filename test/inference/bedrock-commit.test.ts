// When the answer to a stream of Bedrock begins, what keeps it alive, and what becomes of a request that nobody waits for.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import {
  type BedrockOptions,
  chunkFrame,
  frameStream,
  framesOf,
  startBedrock,
  usualAnswer,
} from '../support/bedrock.ts'
import { openPost, post, STREAM_BODY } from '../support/relay-client.ts'
import { REPLY_EVENTS, sse, unchunk } from '../support/sse.ts'
import { chunk, jsonAnswer, LAST_CHUNK, startUpstream } from '../support/upstream.ts'

const [FIRST = Buffer.alloc(0), ...REST] = framesOf(REPLY_EVENTS)
const PING = 'event: ping\ndata: {"type": "ping"}\n\n'
const HEAD = frameStream([], { ends: false })

/** A stream that Bedrock has answered with a head, in the test's hands at both ends; every look at the clock is a second. */
async function openStream(options: BedrockOptions = {}) {
  const time = { now: 0 }
  const { promise: begun, resolve } = Promise.withResolvers<Socket>()
  const rig = await startBedrock({
    ...{ clock: () => (time.now += 1000), idleMs: 0, ttfbMs: 1e9, clientStallMs: 1e9, ...options },
    script: (_request, socket) => resolve(socket),
  })
  const client = openPost(rig.port, { body: STREAM_BODY }).setEncoding('latin1')
  const received = { text: '' }
  client.on('data', text => {
    received.text += text
  })
  const upstream = await begun
  upstream.write(HEAD)
  const wait = async (isThere: () => boolean) => {
    while (!isThere()) await setImmediate()
  }
  return {
    ...{ rig, upstream, client, received, time, wait },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  }
}

test('the head alone begins no answer; after 15 s without an event it begins, and pings keep it alive', async () => {
  await using stream = await openStream()
  const { upstream, received, time, wait, rig } = stream
  await wait(() => time.now > 10_000)
  assert.equal(received.text, '')
  assert.ok(rig.relay.capacity.bufferedBytes > 0)

  await wait(() => received.text.includes('\r\n\r\n'))

  assert.match(received.text, /^HTTP\/1\.1 200 .*content-type: text\/event-stream/s)
  assert.equal(rig.relay.capacity.bufferedBytes, 0)
  await wait(() => received.text.includes(PING))
  upstream.write(Buffer.concat([chunk(Buffer.concat([FIRST, ...REST])), LAST_CHUNK]))
  await wait(() => received.text.endsWith('0\r\n\r\n'))
})

test('the first event begins the answer at once, and the request’s body is let go', async () => {
  await using stream = await openStream({ clock: () => 0 })
  const { upstream, received, wait, rig } = stream
  assert.ok(rig.relay.capacity.bufferedBytes > 0)

  upstream.write(chunk(FIRST))

  await wait(() => received.text.includes('message_start'))
  assert.equal(rig.relay.capacity.bufferedBytes, 0)
})

test('pings come between two events, also while a frame is half there', async () => {
  await using stream = await openStream()
  const { upstream, received, wait } = stream
  const [second = Buffer.alloc(0)] = REST
  upstream.write(chunk(Buffer.concat([FIRST, second.subarray(0, 50)])))
  await wait(() => received.text.includes(PING))

  upstream.write(Buffer.concat([chunk(Buffer.concat([second.subarray(50), ...REST.slice(1)])), LAST_CHUNK]))

  await wait(() => received.text.endsWith('0\r\n\r\n'))
  const { body, isComplete } = unchunk(received.text.slice(received.text.indexOf('\r\n\r\n') + 4))
  assert.deepEqual([body.replaceAll(PING, ''), isComplete], [REPLY_EVENTS.join(''), true])
})

test('a first event that does not come within the limit for heads lets another upstream answer', async () => {
  const time = { now: 0 }
  await using fallback = await startUpstream(() => jsonAnswer({ type: 'message', usage: {} }))
  await using rig = await startBedrock({
    ...{ clock: () => (time.now += 1000), ttfbMs: 12_000 },
    script: () => HEAD,
    others: [{ base_url: fallback.origin, name: 'second' }],
  })
  const second = fallback.request(1)
  const client = openPost(rig.port, { body: STREAM_BODY })

  const { body } = await second

  assert.equal(`${body}`, STREAM_BODY.replace('claude-test', 'us.anthropic.claude-test-v1:0'))
  assert.match(rig.relay.log.lines.join('\n'), /no event of a stream within 12000 ms/)
  client.destroy()
})

test('a request that is given up before its first event is counted by Bedrock, without the operator’s headers', async () => {
  await using rig = await startBedrock({
    upstream: { headers: { 'x-team': 'one' } },
    script: (request, socket) =>
      request.path.endsWith('/count-tokens') ? usualAnswer(request) : void socket.write(HEAD),
  })
  const client = openPost(rig.port, { body: STREAM_BODY })
  await rig.bedrock.request(1)
  await setImmediate()

  client.destroy()

  const { path, headers, body } = await rig.bedrock.request(2)
  while (rig.relay.records.length === 0) await setImmediate()
  const [record] = rig.relay.records
  assert.equal(path, '/model/anthropic.claude-test-v1%3A0/count-tokens')
  assert.equal(headers['x-team'], undefined)
  const inner = JSON.parse(Buffer.from(JSON.parse(`${body}`).input.invokeModel.body, 'base64').toString())
  assert.deepEqual(inner, {
    max_tokens: 1,
    anthropic_version: 'bedrock-2023-05-31',
    messages: [{ role: 'user', content: 'hi' }],
  })
  assert.deepEqual([record?.parts[0]?.input, record?.estimated], [9, true])
})

test('a rehearsal signs, sends nothing, and streams in Bedrock’s frames; there is no count', async () => {
  const loadTest = { enabled: true, reply_tokens: 100, reply_seconds: 0.05 }
  await using rig = await startBedrock({ loadTest })

  const streamed = await post(rig.port, { body: STREAM_BODY })
  const whole = await post(rig.port)
  const count = await post(rig.port, { path: '/v1/messages/count_tokens' })

  assert.deepEqual([streamed.status, streamed.isComplete, whole.status, count.status], [200, true, 200, 404])
  assert.ok(streamed.body.startsWith('event: message_start\ndata: {"type":"message_start"'))
  assert.ok(streamed.body.endsWith(sse('message_stop')))
  const data = streamed.body.split('\n').filter(line => line.startsWith('data: '))
  const text = data.map(line => JSON.parse(line.slice(6)).delta?.text ?? '').join('')
  assert.match(text, /^This is a canned reply: the gateway is in load test mode and asked no model\. /)
  assert.equal(text.length, 400)
  assert.equal(rig.bedrock.requests.length, 0)
})

test('an event longer than a chunk of the network, and one with a document of megabytes, come out whole', async () => {
  const text = 'x'.repeat(3 * 1024 * 1024)
  const long = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
  await using rig = await startBedrock({
    script: () => frameStream([FIRST, chunkFrame(long), ...REST]),
  })

  const reply = await post(rig.port, { body: STREAM_BODY })

  const { type: _, ...rest } = long
  assert.equal(reply.isComplete, true)
  assert.ok(
    reply.body === REPLY_EVENTS[0] + sse('content_block_delta', rest) + REPLY_EVENTS.slice(1).join(''),
  )
})
