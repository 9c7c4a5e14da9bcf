// The start of a stream is held only while another upstream is left, and never for long.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openPost, post, STREAM_BODY } from '../../support/relay-client.ts'
import { reply, startRouted } from '../../support/routed-relay.ts'
import { REPLY_EVENTS, sse } from '../../support/sse.ts'
import { chunk, LAST_CHUNK, type Script, streamHead } from '../../support/upstream.ts'

const [START = '', ...REST] = REPLY_EVENTS

/** Begins a message, and goes on when the promise is there. */
const beginning =
  (goOn: Promise<unknown>): Script =>
  (_request, socket) => {
    socket.write(Buffer.concat([streamHead(), chunk(START)]))
    void goOn.then(() => socket.write(Buffer.concat([...REST.map(event => chunk(event)), LAST_CHUNK])))
  }

test('with one upstream the head and the first event leave at once', async t => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { relay } = await startRouted(t, [beginning(promise)])
  const socket = openPost(relay.port, { body: STREAM_BODY })

  let seen = ''
  while (!seen.includes(START)) seen += (await once(socket, 'data'))[0]

  assert.match(seen, /^HTTP\/1\.1 200 /)
  resolve()
  await once(socket, 'end')
})

test('with two, a message without content is let go after two seconds', async t => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { relay, time, upstreams } = await startRouted(t, [beginning(promise), reply()])
  const socket = openPost(relay.port, { body: STREAM_BODY })
  await upstreams[0]?.request(1)
  let answered = false
  const first = once(socket, 'data').then(([bytes]) => {
    answered = true
    return String(bytes)
  })

  // The stand-in has written its head by now or does so soon; the clock runs until the relay has waited long enough.
  for (; !answered; time.now += 100) await setImmediate()

  assert.match(await first, /^HTTP\/1\.1 200 /)
  resolve()
  await once(socket, 'end')
  assert.equal(upstreams[1]?.requests.length, 0)
})

test('what was held leaves unchanged, in whatever pieces it came', async t => {
  const bytes = Buffer.from(REPLY_EVENTS.join(''))
  const dripping: Script = (_request, socket) => {
    const pieces = [...bytes].map(byte => chunk(Buffer.of(byte)))
    socket.write(Buffer.concat([streamHead(), ...pieces, LAST_CHUNK]))
  }
  const { relay } = await startRouted(t, [dripping, reply()])

  const answer = await post(relay.port, { body: STREAM_BODY })

  assert.deepEqual([answer.status, answer.body, answer.isComplete], [200, bytes.toString(), true])
  assert.equal(relay.records[0]?.parts[0]?.output, 5)
})

test('a start of more than 64 KiB is let go', async t => {
  const long = sse('message_start', { message: { padding: 'x'.repeat(70_000) } })
  const failing: Script = (_request, socket) => {
    socket.write(
      Buffer.concat([
        streamHead(),
        chunk(long),
        chunk(sse('error', { error: { type: 'api_error' } })),
        LAST_CHUNK,
      ]),
    )
  }
  const { relay, upstreams } = await startRouted(t, [failing, reply()])

  const answer = await post(relay.port, { body: STREAM_BODY })

  assert.match(answer.body, /api_error/)
  assert.equal(upstreams[1]?.requests.length, 0)
})

test('an error in the place of the content is not shown while somebody else can answer, and is when nobody can', async t => {
  const failing: Script = () =>
    Buffer.concat([
      streamHead(),
      chunk(START),
      chunk(sse('error', { error: { type: 'overloaded_error', message: 'm' } })),
      LAST_CHUNK,
    ])
  const { relay, upstreams } = await startRouted(t, [failing, failing])

  const answer = await post(relay.port, { body: STREAM_BODY })

  assert.deepEqual([answer.status, upstreams.map(({ requests }) => requests.length)], [200, [1, 1]])
  assert.match(answer.body, /message_start[\s\S]*overloaded_error/)
  const [event] = await relay.audited(1)
  assert.deepEqual([event?.attempts, event?.upstream], [2, 'b'])
})
