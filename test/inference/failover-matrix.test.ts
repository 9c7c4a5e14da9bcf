import assert from 'node:assert/strict'
import { test } from 'node:test'
import { post } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { answer, errorAnswer, jsonAnswer, type Script, startUpstream } from '../support/upstream.ts'

const GOOD = {
  id: 'msg_2',
  type: 'message',
  model: 'm',
  content: [],
  usage: { input_tokens: 1, output_tokens: 1 },
}

/** What the developer gets when the first of two upstreams behaves like `first`, and whether the second was asked. */
async function afterFirst(
  first: Script,
  path?: string,
): Promise<{ status: number; body: string; second: number }> {
  await using one = await startUpstream(first)
  await using two = await startUpstream(() => jsonAnswer(GOOD))
  await using relay = await startRelay({ upstreams: [{ base_url: one.origin }, { base_url: two.origin }] })

  const { status, body } = await post(relay.port, path === undefined ? {} : { path })
  return { status, body, second: two.requests.length }
}

const FROM_SECOND = { status: 200, body: JSON.stringify(GOOD), second: 1 }

for (const status of [401, 403, 404, 429, 500, 501, 502, 503, 504, 529, 599]) {
  test(`${status} from an upstream sends the request to the next one`, async () => {
    assert.deepEqual(await afterFirst(() => errorAnswer(status, 'api_error')), FROM_SECOND)
  })
}

for (const status of [400, 405, 408, 409, 410, 413, 415, 418, 422, 451]) {
  test(`${status} from an upstream is the answer, byte for byte`, async () => {
    const body =
      '{"type":"error",\n "error":{"type":"x","message":"prompt is too long: 9 tokens > 8 maximum"},"request_id":"req_a"}'
    const script = () => answer({ status, headers: { 'content-type': 'application/json' }, body })

    assert.deepEqual(await afterFirst(script), { status, body, second: 0 })
  })
}

for (const status of [300, 301, 302, 303, 307, 308]) {
  test(`${status} from an upstream is never followed and sends the request to the next one`, async () => {
    await using elsewhere = await startUpstream(() => jsonAnswer(GOOD))
    const script = () => answer({ status, headers: { location: `${elsewhere.origin}/v1/messages` } })

    assert.deepEqual(await afterFirst(script), FROM_SECOND)
    assert.equal(elsewhere.requests.length, 0)
  })
}

test('an upstream that hangs up before its answer counts as unreachable', async () => {
  assert.deepEqual(await afterFirst((_request, socket) => socket.destroy()), FROM_SECOND)
})

test('an upstream that resets the connection counts as unreachable', async () => {
  assert.deepEqual(await afterFirst((_request, socket) => socket.resetAndDestroy()), FROM_SECOND)
})

test('an upstream whose answer is no HTTP counts as unreachable', async () => {
  assert.deepEqual(await afterFirst(() => Buffer.from('SSH-2.0-OpenSSH_9.9\r\n\r\n')), FROM_SECOND)
})

test('an upstream whose head does not end counts as unreachable', async () => {
  const endless = `HTTP/1.1 200 OK\r\n${'x-filler: y\r\n'.repeat(20_000)}`

  assert.deepEqual(await afterFirst(() => Buffer.from(endless)), FROM_SECOND)
})

test('an answer in an unknown content-encoding counts as unreachable', async () => {
  const script = () => answer({ headers: { 'content-encoding': 'compress' }, body: 'x' })

  assert.deepEqual(await afterFirst(script), FROM_SECOND)
})

test('an upstream that nobody listens at counts as unreachable', async () => {
  const gone = await startUpstream(() => {})
  await gone[Symbol.asyncDispose]()
  await using two = await startUpstream(() => jsonAnswer(GOOD))
  await using relay = await startRelay({ upstreams: [{ base_url: gone.origin }, { base_url: two.origin }] })

  const reply = await post(relay.port)

  assert.equal(reply.body, JSON.stringify(GOOD))
  assert.match(relay.log.lines.join('\n'), /^warn upstream upstream-1 failed.*ECONNREFUSED/m)
})

test('an upstream without a response head in time counts as unreachable', async () => {
  await using silent = await startUpstream(() => {})
  await using two = await startUpstream(() => jsonAnswer(GOOD))
  await using relay = await startRelay({
    upstreams: [{ base_url: silent.origin }, { base_url: two.origin }],
    ttfbMs: 20,
  })

  const reply = await post(relay.port)

  assert.equal(reply.body, JSON.stringify(GOOD))
  assert.match(relay.log.lines.join('\n'), /no response head within 20 ms/)
})

test('a token count fails over like a message', async () => {
  const found = await afterFirst(() => errorAnswer(529, 'overloaded_error'), '/v1/messages/count_tokens')

  assert.deepEqual(found, FROM_SECOND)
})

test('each attempt edits the received body afresh', async () => {
  await using one = await startUpstream(() => errorAnswer(500, 'api_error'))
  await using two = await startUpstream(() => jsonAnswer(GOOD))
  await using relay = await startRelay({ upstreams: [{ base_url: one.origin }, { base_url: two.origin }] })

  await post(relay.port, { body: '{"model":"claude-renamed","x":[1,2,3]}' })

  const bodies = [one, two].map(upstream => upstream.requests[0]?.body.toString())
  assert.deepEqual(bodies, Array(2).fill('{"model":"upstream-name","x":[1,2,3]}'))
})
