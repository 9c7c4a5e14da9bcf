// The whole matrix of failover: what the first of two upstreams does, and what that means for this request and the next.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { BODY, post, STREAM_BODY } from '../../support/relay-client.ts'
import { startRelay } from '../../support/relay-rig.ts'
import { delta, REPLY_EVENTS, sse } from '../../support/sse.ts'
import {
  answer,
  chunk,
  jsonAnswer,
  LAST_CHUNK,
  type Script,
  startUpstream,
  streamHead,
} from '../../support/upstream.ts'

const GOOD = { type: 'message', model: 'm', content: [], usage: { input_tokens: 1, output_tokens: 1 } }

/** An error answer in the Messages API's envelope. */
const says =
  (status: number, headers: Record<string, string> = {}): Script =>
  () =>
    jsonAnswer({ type: 'error', error: { type: 'x', message: 'no' } }, { status, headers })

/** A stream of these events, which then ends in order, or is cut. */
const streams =
  (events: readonly string[], { isCut = false } = {}): Script =>
  (_request, socket: Socket) => {
    const bytes = Buffer.concat([
      streamHead(),
      ...events.map(event => chunk(event)),
      ...(isCut ? [] : [LAST_CHUNK]),
    ])
    socket.write(bytes, () => isCut && socket.destroy())
  }

const error = (type: string) => sse('error', { error: { type, message: 'no' } })
const [START = ''] = REPLY_EVENTS

interface Row {
  readonly name: string
  readonly first: Script
  /** Whether the second one is asked for this request. */
  readonly goesOn: boolean
  /** How the next request finds the first one, after one such attempt and after five. */
  readonly next: readonly ['in_use' | 'aside', 'in_use' | 'aside']
}

const COUNTS: Row['next'] = ['in_use', 'aside']
const IGNORED: Row['next'] = ['in_use', 'in_use']
const RESTS: Row['next'] = ['aside', 'aside']

const TABLE: readonly Row[] = [
  ...[401, 403, 404, 501].map(status => ({
    ...{ name: `a ${status}`, first: says(status), goesOn: true, next: IGNORED },
  })),
  ...[300, 302, 307].map(status => ({
    ...{
      name: `a ${status}`,
      first: says(status, { location: 'http://127.0.0.1:9/' }),
      goesOn: true,
      next: IGNORED,
    },
  })),
  ...[400, 405, 408, 409, 413, 422, 451].map(status => ({
    ...{ name: `a ${status}`, first: says(status), goesOn: false, next: IGNORED },
  })),
  ...[500, 502, 503, 504, 529, 599].map(status => ({
    ...{ name: `a ${status}`, first: says(status), goesOn: true, next: COUNTS },
  })),
  { name: 'a 429 without a time', first: says(429), goesOn: true, next: RESTS },
  { name: 'a 429 with a time', first: says(429, { 'retry-after': '7' }), goesOn: true, next: RESTS },
  { name: 'a 503 with a time', first: says(503, { 'retry-after': '7' }), goesOn: true, next: RESTS },
  { name: 'a hang-up', first: (_request, socket) => socket.destroy(), goesOn: true, next: COUNTS },
  { name: 'a reset', first: (_request, socket) => socket.resetAndDestroy(), goesOn: true, next: COUNTS },
  { name: 'no HTTP', first: () => Buffer.from('SSH-2.0\r\n\r\n'), goesOn: true, next: COUNTS },
  { name: 'silence', first: () => undefined, goesOn: true, next: COUNTS },
  {
    name: 'an encoding that nobody knows',
    first: () => answer({ headers: { 'content-encoding': 'compress' }, body: 'x' }),
    ...{ goesOn: true, next: COUNTS },
  },
  ...['overloaded_error', 'api_error', 'timeout_error'].flatMap(type => [
    { name: `a stream of ${type} only`, first: streams([error(type)]), goesOn: true, next: COUNTS },
    {
      name: `${type} after the head of a message`,
      first: streams([START, sse('ping'), ': comment\n\n', error(type)]),
      ...{ goesOn: true, next: COUNTS },
    },
    {
      name: `${type} after content`,
      first: streams([START, delta('a'), error(type)]),
      goesOn: false,
      next: IGNORED,
    },
  ]),
  {
    name: 'a stream of rate_limit_error only',
    first: streams([error('rate_limit_error')]),
    goesOn: true,
    next: RESTS,
  },
  {
    name: 'a stream of invalid_request_error only',
    first: streams([error('invalid_request_error')]),
    ...{ goesOn: false, next: IGNORED },
  },
  { name: 'a stream that is cut at once', first: streams([], { isCut: true }), goesOn: true, next: COUNTS },
  { name: 'a stream that ends at once', first: streams([]), goesOn: true, next: COUNTS },
  {
    name: 'a stream that is cut before its content',
    first: streams([START], { isCut: true }),
    goesOn: true,
    next: COUNTS,
  },
  {
    name: 'a stream that is cut in its content',
    first: streams([START, delta('a')], { isCut: true }),
    ...{ goesOn: false, next: COUNTS },
  },
  {
    name: 'a stream that ends in its content',
    first: streams([START, delta('a')]),
    goesOn: false,
    next: COUNTS,
  },
  { name: 'a whole stream', first: streams(REPLY_EVENTS), goesOn: false, next: IGNORED },
]

for (const { name, first, goesOn, next } of TABLE) {
  test(`${name}: ${goesOn ? 'the next is asked' : 'nobody else is asked'}; then ${next.join(', after five ')}`, async () => {
    await using one = await startUpstream(first)
    await using two = await startUpstream(() => jsonAnswer(GOOD))
    await using relay = await startRelay({
      upstreams: [{ base_url: one.origin }, { base_url: two.origin }],
      ...{ ttfbMs: 20, clock: () => performance.now() },
      routing: { max_cooldown_seconds: 3600, retry_ratio: 1 },
    })
    const standing = () => (relay.routing.states().get('upstream-1') === true ? 'in_use' : 'aside')

    await post(relay.port, { body: STREAM_BODY })
    const asked = two.requests.length
    const once = standing()
    while (one.requests.length < 5 && standing() === 'in_use') await post(relay.port, { body: STREAM_BODY })
    await relay.audited(one.requests.length)

    assert.deepEqual([asked, once, standing()], [Number(goesOn), ...next])
  })
}

test('token counts follow the others, and set nobody aside', async () => {
  await using one = await startUpstream(says(503, { 'retry-after': '60' }))
  await using two = await startUpstream(() => jsonAnswer({ input_tokens: 5 }))
  await using relay = await startRelay({ upstreams: [{ base_url: one.origin }, { base_url: two.origin }] })

  for (let count = 0; count < 8; count += 1) await post(relay.port, { path: '/v1/messages/count_tokens' })
  assert.deepEqual([one.requests.length, two.requests.length], [8, 8])
  await post(relay.port, { body: BODY })
  await post(relay.port, { path: '/v1/messages/count_tokens' })

  assert.deepEqual([one.requests.length, two.requests.length], [9, 10])
})

test('a limit of the developer’s own is relayed, and rests the upstream for nobody', async () => {
  await using one = await startUpstream(says(429, { 'retry-after': '60' }))
  await using two = await startUpstream(() => jsonAnswer(GOOD))
  await using relay = await startRelay({
    upstreams: [{ base_url: one.origin, forward_user_identity: true }, { base_url: two.origin }],
  })

  const statuses = [await post(relay.port), await post(relay.port)].map(({ status }) => status)

  assert.deepEqual([statuses, two.requests.length], [[429, 429], 0])
  assert.equal(relay.routing.states().get('upstream-1'), true)
})
