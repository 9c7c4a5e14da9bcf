import assert from 'node:assert/strict'
import { test } from 'node:test'
import { post } from '../support/relay-client.ts'
import { startRelay } from '../support/relay-rig.ts'
import { answer, errorAnswer, startUpstream } from '../support/upstream.ts'

/** The answer when upstreams, in order, answer with these statuses; 0 hangs up. */
async function whenAllFail(...statuses: number[]) {
  const upstreams = await Promise.all(
    statuses.map((status, index) =>
      startUpstream((_request, socket) =>
        status === 0 ? socket.destroy() : errorAnswer(status, 'their_type', `from ${index + 1}`),
      ),
    ),
  )
  await using relay = await startRelay({ upstreams: upstreams.map(({ origin }) => ({ base_url: origin })) })
  const reply = await post(relay.port, { headers: { 'x-client-request-id': 'r-1' } })
  const [event] = await relay.audited(1)
  for (const upstream of upstreams) await upstream[Symbol.asyncDispose]()
  return {
    status: reply.status,
    body: JSON.parse(reply.body),
    upstream: event?.upstream,
    attempts: event?.attempts,
  }
}

function from(upstream: number, status: number, attempts: number) {
  const error = { type: 'their_type', message: `from ${upstream}` }
  const body = { type: 'error', error, request_id: 'req_upstream' }
  return { status, body, upstream: `upstream-${upstream}`, attempts }
}

function nobody(count: number) {
  const error = { type: 'api_error', message: `no upstream could answer (${count} configured)` }
  return { status: 502, body: { type: 'error', request_id: 'r-1', error }, upstream: null, attempts: count }
}

test('when all fail, the last 429 is the answer', async () => {
  assert.deepEqual(await whenAllFail(429, 429, 401, 404, 500), from(2, 429, 5))
})

test('when all fail without a 429, the last 401 or 403 is the answer', async () => {
  assert.deepEqual(await whenAllFail(401, 403, 404, 501), from(2, 403, 4))
  assert.deepEqual(await whenAllFail(403, 401, 503), from(2, 401, 3))
})

test('when all fail without either, the last 404 is the answer', async () => {
  assert.deepEqual(await whenAllFail(404, 501, 404, 0), from(3, 404, 4))
})

test('when all fail and only a 501 is left, it is the answer', async () => {
  assert.deepEqual(await whenAllFail(501, 500, 0), from(1, 501, 3))
})

test('server errors, overload, redirects and network failures end as 502', async () => {
  assert.deepEqual(await whenAllFail(500, 529, 302, 0), nobody(4))
})

test('a single upstream that is overloaded ends as 502', async () => {
  assert.deepEqual(await whenAllFail(529), nobody(1))
})

test('an error that does not end is answered in our words, with the status that the upstream gave', async () => {
  await using upstream = await startUpstream(() =>
    answer({ status: 429, headers: { 'retry-after': '7' }, body: Buffer.alloc(70_000, 'x') }),
  )
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })

  const reply = await post(relay.port, { headers: { 'x-client-request-id': 'r-1' } })

  assert.equal(reply.status, 429)
  assert.equal(reply.headers['retry-after'], '7')
  assert.equal(reply.headers['content-type'], 'application/json')
  assert.deepEqual(JSON.parse(reply.body), {
    type: 'error',
    request_id: 'r-1',
    error: { type: 'rate_limit_error', message: 'the upstream is rate limiting the gateway' },
  })
})

test('a model that the gateway does not offer is refused once, with its id made harmless', async () => {
  await using upstream = await startUpstream(() => {})
  await using relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })
  const id = `bad\u0007${'x'.repeat(200)}`

  const reply = await post(relay.port, {
    body: JSON.stringify({ model: id }),
    headers: { 'x-client-request-id': 'r-1' },
  })

  assert.equal(reply.status, 400)
  assert.equal(reply.headers['request-id'], 'r-1')
  assert.deepEqual(JSON.parse(reply.body), {
    type: 'error',
    request_id: 'r-1',
    error: {
      type: 'invalid_request_error',
      message: `this gateway does not offer the model bad?${'x'.repeat(124)}`,
    },
  })
  assert.equal(upstream.requests.length, 0)
})
