import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { parseAnswer, received } from '../support/raw-http.ts'
import { BODY, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { REPLY_EVENTS, unchunk } from '../support/sse.ts'
import { chunk, jsonAnswer, startUpstream, streamHead } from '../support/upstream.ts'

function request(body: string): string {
  return `POST /v1/messages HTTP/1.1\r\nhost: gateway.test\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

test('a stream that breaks before its turn on a pipelined connection is cut when the turn comes', async () => {
  const asked = Promise.withResolvers<() => void>()
  await using upstream = await startUpstream(({ body }, socket) => {
    if (body.toString() === BODY) return asked.resolve(() => socket.write(jsonAnswer({ type: 'message' })))
    socket.end(Buffer.concat([streamHead(), chunk(REPLY_EVENTS[0] ?? '')]))
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })
  const socket = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true })
  const answers = received(socket)

  socket.write(request(BODY) + request(STREAM_BODY))
  const answerFirst = await asked.promise
  await relay.audited(1)
  answerFirst()

  const [first, second = ''] = (await answers).split('{"type":"message"}')
  assert.equal(parseAnswer(first ?? '').status, 200)
  assert.deepEqual(unchunk(parseAnswer(second).body), { body: REPLY_EVENTS[0], isComplete: false })
})
