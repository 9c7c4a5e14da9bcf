import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { openPost, post, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { answer, chunk, jsonAnswer, LAST_CHUNK, startUpstream, streamHead } from '../support/upstream.ts'

const STREAM = REPLY_EVENTS.join('')
const ENCODERS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync }

for (const [encoding, encode] of Object.entries(ENCODERS)) {
  test(`a stream in ${encoding}, split at every byte, arrives decoded and is metered`, async () => {
    const bytes = encode(Buffer.from(STREAM))
    let at = 0
    await using upstream = await startUpstream(() => {
      const pieces = [bytes.subarray(0, at), bytes.subarray(at)].filter(piece => piece.length > 0).map(chunk)
      return Buffer.concat([streamHead({ 'content-encoding': encoding }), ...pieces, LAST_CHUNK])
    })
    await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

    const wrong: number[] = []
    for (; at < bytes.length; at += 1) {
      const reply = await post(relay.port, { body: STREAM_BODY })
      const isRight = reply.isComplete && reply.body === STREAM && !('content-encoding' in reply.headers)
      if (!isRight) wrong.push(at)
    }

    assert.deepEqual(wrong, [])
    assert.equal((await relay.audited(1))[0]?.usage?.output, 5)
  })
}

test('a reply in gzip arrives decoded, with the length it has then', async () => {
  const body = JSON.stringify({ type: 'message', usage: { input_tokens: 3, output_tokens: 4 } })
  await using upstream = await startUpstream(() =>
    answer({
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(body),
    }),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port)

  assert.equal(reply.body, body)
  assert.equal(reply.headers['content-length'], String(body.length))
  assert.equal((await relay.audited(1))[0]?.usage?.input, 3)
})

test('an error in gzip arrives decoded', async () => {
  const body = '{"type":"error","error":{"type":"invalid_request_error","message":"no"}}'
  await using upstream = await startUpstream(() =>
    answer({ status: 400, headers: { 'content-encoding': 'gzip' }, body: gzipSync(body) }),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port)

  assert.deepEqual({ status: reply.status, body: reply.body }, { status: 400, body })
})

test('a stream that claims gzip and is none is cut without a byte', async () => {
  await using upstream = await startUpstream(() =>
    Buffer.concat([streamHead({ 'content-encoding': 'gzip' }), chunk(STREAM), LAST_CHUNK]),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { body: STREAM_BODY })

  assert.deepEqual({ body: reply.body, isComplete: reply.isComplete }, { body: '', isComplete: false })
  assert.equal((await relay.audited(1))[0]?.outcome, 'upstream_abort')
})

test('a gzip stream that stops short is cut after a whole event', async () => {
  const half = gzipSync(Buffer.from(STREAM)).subarray(0, -8)
  await using upstream = await startUpstream(() =>
    Buffer.concat([streamHead({ 'content-encoding': 'gzip' }), chunk(half), LAST_CHUNK]),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { body: STREAM_BODY })

  assert.equal(reply.isComplete, false)
})

test('a reply in gzip that bombs is passed on under back-pressure, not unpacked into memory', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
  await using upstream = await startUpstream(() =>
    answer({ headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, body: bomb }),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], clientStallMs: 200 })
  const before = process.memoryUsage().arrayBuffers

  const socket = openPost(relay.port, {}).pause()
  const [event] = await relay.audited(1)

  assert.equal(event?.outcome, 'client_abort')
  assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024)
  socket.destroy()
})

test('an upstream that compresses in an unknown way is passed over', async () => {
  await using odd = await startUpstream(() =>
    answer({ headers: { 'content-encoding': 'snappy' }, body: 'x' }),
  )
  await using upstream = await startUpstream(() => jsonAnswer({ type: 'message' }))
  await using relay = await startRelay({
    upstreams: [{ base_url: odd.origin }, { base_url: upstream.origin }],
  })

  assert.equal((await post(relay.port)).body, '{"type":"message"}')
})
