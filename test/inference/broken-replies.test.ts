import assert from 'node:assert/strict'
import { test } from 'node:test'
import { post } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { answer, jsonAnswer, startUpstream } from '../support/upstream.ts'

const EARLY = {
  type: 'error',
  request_id: 'r-1',
  error: { type: 'api_error', message: 'the upstream ended the reply early' },
}

test('a reply that breaks off, after any byte, is 502, and no other upstream is paid for it as well', async () => {
  const whole = jsonAnswer({ type: 'message', usage: { input_tokens: 1, output_tokens: 1 } })
  const headEnd = whole.indexOf('\r\n\r\n') + 4
  let at = headEnd
  await using upstream = await startUpstream((_request, socket) => {
    socket.end(whole.subarray(0, at))
  })
  await using next = await startUpstream(() => jsonAnswer({}))
  await using relay = await startRelay({
    upstreams: [{ base_url: upstream.origin }, { base_url: next.origin }],
    routing: { breaker_failures: 0 },
  })

  const wrong: object[] = []
  for (; at < whole.length; at += 1) {
    const reply = await post(relay.port, { headers: { 'x-client-request-id': 'r-1' } })
    const isRight = reply.status === 502 && reply.body === JSON.stringify(EARLY)
    if (!isRight) wrong.push({ at, ...reply })
  }

  assert.deepEqual(wrong, [])
  assert.equal(next.requests.length, 0)
  const [event] = await relay.audited(1)
  assert.deepEqual({ status: event?.status, upstream: event?.upstream }, { status: 502, upstream: null })
})

test('a long reply that breaks off resets the connection: half a document must not look whole', async () => {
  const whole = answer({ headers: { 'content-type': 'application/json' }, body: Buffer.alloc(500_000, 'x') })
  await using upstream = await startUpstream((_request, socket) => {
    socket.end(whole.subarray(0, 400_000))
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port)

  assert.deepEqual({ status: reply.status, isComplete: reply.isComplete }, { status: 200, isComplete: false })
  assert.equal((await relay.audited(1))[0]?.outcome, 'upstream_abort')
})

test('a reply longer than it announced is taken at its word, and the connection not used again', async () => {
  const lying = Buffer.concat([jsonAnswer({ type: 'message' }), Buffer.from('HTTP/1.1 200 Extra\r\n\r\n')])
  await using upstream = await startUpstream(() => lying)
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const replies = [await post(relay.port), await post(relay.port)]

  assert.deepEqual(
    replies.map(({ status, body }) => ({ status, body })),
    Array(2).fill({ status: 200, body: '{"type":"message"}' }),
  )
})

test('an error body that breaks off is replaced by our words', async () => {
  await using upstream = await startUpstream((_request, socket) => {
    socket.end('HTTP/1.1 400 Bad\r\ncontent-length: 100\r\n\r\n{"type":"er')
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port)

  assert.equal(reply.status, 400)
  assert.equal(JSON.parse(reply.body).error.message, 'the upstream refused the request')
})

test('an error body that never ends is given up', async () => {
  await using upstream = await startUpstream((_request, socket) => {
    socket.write('HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n')
    const flood = () => {
      while (!socket.destroyed && socket.write(`1000\r\n${'x'.repeat(4096)}\r\n`));
    }
    socket.on('drain', flood)
    flood()
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port)

  assert.equal(reply.status, 400)
  assert.equal(JSON.parse(reply.body).error.message, 'the upstream refused the request')
})

test('an error body that drips for ever is given up after ten seconds', async () => {
  await using upstream = await startUpstream((_request, socket) => {
    socket.write('HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n')
    const dripping = setInterval(() => socket.write('1\r\nx\r\n'), 1)
    socket.on('close', () => clearInterval(dripping))
  })
  let now = 0
  const clock = () => {
    now += 1000
    return now
  }
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], clock })

  const reply = await post(relay.port)

  assert.equal(reply.status, 400)
  assert.equal(JSON.parse(reply.body).error.message, 'the upstream refused the request')
})
