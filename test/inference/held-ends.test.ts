// An answer ends once what it used is stored, and everything but its end leaves before (M-34).
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { parseAnswer, received } from '../support/raw-http.ts'
import { BODY, openPost, STREAM_BODY } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { delta, REPLY_EVENTS, unchunk } from '../support/sse.ts'
import {
  answer,
  chunk,
  errorAnswer,
  jsonAnswer,
  LAST_CHUNK,
  startUpstream,
  streamHead,
} from '../support/upstream.ts'
import { watchSpending } from '../support/watched-spending.ts'

const MESSAGE = { type: 'message', model: 'claude-served', usage: { input_tokens: 2, output_tokens: 3 } }
const STREAM = Buffer.concat([streamHead(), chunk(REPLY_EVENTS.join('')), LAST_CHUNK])

const OPENING = REPLY_EVENTS[0] + delta('The quick ')

/** Reads until what came satisfies `isEnough`; all of it so far. */
async function readUntil(socket: Socket, isEnough: (text: string) => boolean): Promise<string> {
  let text = ''
  while (!isEnough(text)) text += String((await once(socket, 'data'))[0])
  return text
}

test('all bytes of a stream leave at once, its last event included, and only the end waits', async () => {
  const spending = watchSpending()
  await using upstream = await startUpstream(() => STREAM)
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })
  const socket = openPost(relay.port, { body: STREAM_BODY })

  const text = await readUntil(socket, so => so.includes('event: message_stop\n') && so.endsWith('\n\n\r\n'))
  const { record } = await spending.settlement(1)
  const rest = received(socket)
  spending.store()

  assert.deepEqual(unchunk(parseAnswer(text).body), { body: REPLY_EVENTS.join(''), isComplete: false })
  assert.equal(await rest, '0\r\n\r\n')
  assert.deepEqual([record.parts[0]?.output, record.aborted, record.estimated], [5, false, false])
  const [event] = await relay.audited(1)
  assert.deepEqual([event?.status, event?.outcome, event?.usage?.output], [200, undefined, 5])
  assert.deepEqual([spending.settled.length, spending.released], [1, []])
})

test('a document is not complete before what it used is stored', async () => {
  const spending = watchSpending()
  await using upstream = await startUpstream(() => jsonAnswer(MESSAGE))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })
  const socket = openPost(relay.port, {})
  const reply = received(socket)

  await spending.settlement(1)
  const before = socket.bytesRead
  spending.store()

  assert.equal(before, 0)
  const { status, headers, body } = parseAnswer(await reply)
  assert.deepEqual([status, headers['content-length'], JSON.parse(body)], [200, String(body.length), MESSAGE])
})

test('of a long document the last chunk waits, and the others leave as they come', async () => {
  const spending = watchSpending()
  const text = 'x'.repeat(400_000)
  const body = JSON.stringify({ content: [{ type: 'text', text }], ...MESSAGE })
  await using upstream = await startUpstream(() =>
    answer({ headers: { 'content-type': 'application/json' }, body }),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })
  const socket = openPost(relay.port, {})

  const before = await readUntil(socket, so => so.length > 300_000)
  await spending.settlement(1)
  const rest = received(socket)
  spending.store()

  const whole = parseAnswer(before + (await rest))
  assert.ok(parseAnswer(before).body.length < body.length)
  assert.equal(whole.body, body)
  assert.deepEqual(spending.settled[0]?.record.parts[0]?.output, 3)
})

test('a developer who leaves in a stream is charged for what came, and nobody waits for that', async () => {
  const spending = watchSpending()
  await using upstream = await startUpstream(() => Buffer.concat([streamHead(), chunk(OPENING)]))
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })
  const socket = openPost(relay.port, { body: STREAM_BODY })
  await readUntil(socket, so => so.includes('quick'))

  socket.destroy()

  const [event] = await relay.audited(1) // although nothing is stored yet
  const { record } = await spending.settlement(1)
  assert.deepEqual([event?.outcome, record.aborted, record.parts[0]?.input], ['client_abort', true, 11])
  assert.equal(relay.capacity.open, 0)
  assert.deepEqual([spending.settled.length, spending.released], [1, []])
})

test('a stream that the upstream cuts is cut at once, and charged for what came', async () => {
  const spending = watchSpending()
  await using upstream = await startUpstream((_request, socket) => {
    socket.end(Buffer.concat([streamHead(), chunk(OPENING)]))
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })

  const { body } = parseAnswer(await received(openPost(relay.port, { body: STREAM_BODY })))

  assert.deepEqual(unchunk(body), { body: OPENING, isComplete: false })
  const { record } = await spending.settlement(1)
  assert.deepEqual([record.aborted, record.estimated, record.parts[0]?.output], [true, true, 3])
  assert.equal((await relay.audited(1))[0]?.outcome, 'upstream_abort')
})

test('a developer who leaves while the end waits gives the place back, and is charged once', async () => {
  const spending = watchSpending()
  await using upstream = await startUpstream(({ body }) =>
    body.toString() === BODY ? jsonAnswer(MESSAGE) : STREAM,
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })

  for (const body of [STREAM_BODY, BODY]) {
    const socket = openPost(relay.port, { body })
    await spending.settlement(spending.settled.length + 1)
    socket.destroy()
    await relay.audited(spending.settled.length)
  }

  const events = await relay.audited(2)
  assert.deepEqual(
    events.map(({ outcome, usage }) => [outcome, usage?.output]),
    [
      [undefined, 5], // everything but the end was there
      ['client_abort', 3],
    ],
  )
  assert.equal(relay.capacity.open, 0)
  assert.deepEqual([spending.settled.length, spending.released], [2, []])
})

test('when the drain window ends, an answer that only waits for its end gets it', async () => {
  const spending = watchSpending()
  await using upstream = await startUpstream(({ body }) =>
    body.toString() === BODY ? jsonAnswer(MESSAGE) : STREAM,
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })
  const replies = [openPost(relay.port, { body: STREAM_BODY }), openPost(relay.port, {})].map(received)
  await spending.settlement(2)

  relay.drain.begin()
  relay.drain.cut(0)

  const [stream, document] = (await Promise.all(replies)).map(parseAnswer)
  assert.deepEqual(unchunk(stream?.body ?? ''), { body: REPLY_EVENTS.join(''), isComplete: true })
  assert.deepEqual(JSON.parse(document?.body ?? ''), MESSAGE)
  assert.deepEqual(
    (await relay.audited(2)).map(({ outcome }) => outcome),
    [undefined, undefined],
  )
})

test('answers to pipelined requests wait each for their own, and come in order', async () => {
  const spending = watchSpending()
  await using upstream = await startUpstream(({ body }) =>
    body.toString() === BODY ? jsonAnswer(MESSAGE) : STREAM,
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })
  const socket = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true })
  const request = (body: string, more = '') =>
    `POST /v1/messages HTTP/1.1\r\nhost: g\r\n${more}content-length: ${body.length}\r\n\r\n${body}`
  const answers = received(socket)

  socket.write(request(STREAM_BODY) + request(BODY, 'connection: close\r\n'))
  await spending.settlement(2)
  spending.store()

  const [stream = '', document = ''] = (await answers).split('0\r\n\r\n')
  assert.equal(unchunk(`${parseAnswer(stream).body}0\r\n\r\n`).body, REPLY_EVENTS.join(''))
  assert.deepEqual(JSON.parse(parseAnswer(document).body), MESSAGE)
})

test('a request that used nothing is given back, once: refused by the upstream, or answered by nobody', async () => {
  const spending = watchSpending()
  await using upstream = await startUpstream(({ path }, socket) => {
    if (path === '/v1/messages') return errorAnswer(400, 'invalid_request_error')
    if (path.startsWith('/v1/messages/')) return jsonAnswer({ input_tokens: 1 })
    socket.destroy()
    return undefined
  })
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })

  for (const path of ['/v1/messages', '/v1/messages?x', '/v1/messages/count_tokens'])
    await received(openPost(relay.port, { path }))

  await relay.audited(3)
  assert.deepEqual([spending.admitted, spending.settled, spending.released], [['1', '2'], [], ['1', '2']])
})

const COUNTS = [
  ['when it is known', jsonAnswer({ input_tokens: 77 }), [[77, true]], []],
  ['or given back when it stays unknown', errorAnswer(500, 'api_error'), [], ['1']],
] as const

for (const [title, count, charged, released] of COUNTS) {
  test(`what an abandoned request cost is charged to it later, ${title}`, async () => {
    const spending = watchSpending()
    await using upstream = await startUpstream(({ path }) => (path === '/v1/messages' ? undefined : count))
    await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending })
    const socket = openPost(relay.port, { body: STREAM_BODY })
    await upstream.request(1)

    socket.destroy()
    await relay.audited(1)

    while (spending.settled.length + spending.released.length === 0) await new Promise(setImmediate)
    assert.deepEqual(
      spending.settled.map(({ record }) => [record.parts[0]?.input, record.aborted]),
      charged,
    )
    assert.deepEqual(spending.released, released)
  })
}

test('a fault of whoever watches spend changes no answer', async () => {
  const spending = watchSpending()
  const faulty = {
    ...spending,
    settle() {
      throw new Error('a bug')
    },
  }
  await using upstream = await startUpstream(() => STREAM)
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }], spending: faulty })

  const { body } = parseAnswer(await received(openPost(relay.port, { body: STREAM_BODY })))

  assert.deepEqual(unchunk(body), { body: REPLY_EVENTS.join(''), isComplete: true })
  assert.match(relay.log.lines[0] ?? '', /^error the usage of a reply could not be recorded .*a bug/)
})
