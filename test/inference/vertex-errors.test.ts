// Google's errors on their way to a developer: status and words that help, and nothing about the operator.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { post } from '../support/relay-client.ts'
import { answer, jsonAnswer, type Script } from '../support/upstream.ts'
import { ACCOUNT, googleError, PROJECT, startVertex, TOKEN, type VertexOptions } from '../support/vertex.ts'

const WITH_ID = { 'x-client-request-id': 'r-1' }

/** What the developer gets, and the log, when Vertex answers with `script`. */
async function afterAnswer(t: Parameters<typeof startVertex>[0], script: Script, options?: VertexOptions) {
  await using rig = await startVertex(t, { ...options, script })
  const reply = await post(rig.port, { headers: WITH_ID })
  const { error, ...rest } = JSON.parse(reply.body)
  assert.deepEqual(rest, { type: 'error', request_id: 'r-1' })
  return { reply, status: reply.status, error, log: rig.relay.log.lines }
}

const DENIED = `Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/projects/${PROJECT}/locations/global' for ${ACCOUNT} with Bearer ya29.other`

const CASES: readonly [Buffer, number, object][] = [
  [
    googleError(400, 'INVALID_ARGUMENT', `Request contains an invalid argument in projects/${PROJECT}.`),
    400,
    { type: 'invalid_request_error', message: 'the upstream refused the request' },
  ],
  [
    googleError(400, 'INVALID_ARGUMENT', 'The request size (31000000 bytes) exceeds 30.000MB limit.'),
    400,
    { type: 'invalid_request_error', message: 'Input is too long.' },
  ],
  [
    googleError(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'),
    401,
    {
      type: 'authentication_error',
      message: 'the gateway could not sign in to its upstream; tell its operator',
    },
  ],
  [
    googleError(403, 'PERMISSION_DENIED', DENIED, { wrapped: true }),
    403,
    { type: 'permission_error', message: 'the upstream denied the gateway; tell its operator' },
  ],
  [
    googleError(404, 'NOT_FOUND', `Publisher Model \`projects/${PROJECT}/locations/global\` was not found`),
    404,
    { type: 'not_found_error', message: 'the upstream does not have this model' },
  ],
  [
    answer({ status: 413, headers: { 'content-type': 'text/html' }, body: '<html>413. That’s an error.' }),
    413,
    { type: 'request_too_large', message: 'the request is too large for this upstream' },
  ],
  [
    googleError(429, 'RESOURCE_EXHAUSTED', `Quota exceeded for ${PROJECT}`, { wrapped: true }),
    429,
    { type: 'rate_limit_error', message: 'the upstream is rate limiting the gateway' },
  ],
]

for (const [bytes, status, error] of CASES) {
  const words = JSON.stringify(error)
  test(`${status} in Google's words reaches the developer as ${words}`, async t => {
    const told = await afterAnswer(t, () => bytes)

    assert.deepEqual([told.status, told.error], [status, error])
    assert.equal(told.reply.headers['content-type'], 'application/json')
    assert.equal(told.reply.headers['server'], undefined)
  })
}

for (const status of [500, 503]) {
  test(`${status} from the only upstream ends as 502`, async t => {
    const told = await afterAnswer(t, () => googleError(status, 'INTERNAL', `in projects/${PROJECT}`))

    assert.deepEqual(told.error, { type: 'api_error', message: 'no upstream could answer (1 configured)' })
    assert.equal(told.status, 502)
  })
}

test('an error in the Anthropic envelope is passed on, with our request id', async t => {
  const error = { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8 maximum' }
  const told = await afterAnswer(t, () =>
    jsonAnswer({ type: 'error', error, request_id: 'req_vrtx_9' }, { status: 400 }),
  )

  assert.deepEqual([told.status, told.error], [400, error])
})

test('an error says when to try again only in whole seconds, and nothing else of its head is passed on', async t => {
  const head = {
    via: '1.1 google',
    'x-goog-anything': PROJECT,
    'set-cookie': 'a=b',
    'x-should-retry': 'false',
  }
  const limited = (after: string) => () =>
    jsonAnswer({}, { status: 429, headers: { ...head, 'retry-after': after } })
  const seconds = await afterAnswer(t, limited('7'))
  const date = await afterAnswer(t, limited('Wed, 21 Oct 2026 07:28:00 GMT'))

  assert.equal(seconds.reply.headers['retry-after'], '7')
  assert.equal(date.reply.headers['retry-after'], undefined)
  for (const { reply } of [seconds, date]) {
    assert.equal(reply.headers['x-should-retry'], 'false')
    for (const name of ['via', 'x-goog-anything', 'set-cookie']) assert.equal(reply.headers[name], undefined)
  }
})

test('the operator reads Google’s own words, without credentials, addresses and names of theirs', async t => {
  const { log } = await afterAnswer(t, () => googleError(403, 'PERMISSION_DENIED', DENIED))

  const line = log.find(text => text.includes('"status":403')) ?? ''
  assert.match(line, /^warn upstream upstream-1 failed; asking the next one, if there is one \{/)
  assert.match(line, /Permission 'aiplatform\.endpoints\.predict' denied on resource/)
  assert.equal(line.includes('for [masked] with [masked]'), true)
  for (const secret of [PROJECT, ACCOUNT, 'ya29']) assert.equal(line.includes(secret), false)
})

test('an error that quotes our own token is shown to nobody', async t => {
  const { log, error } = await afterAnswer(t, () => googleError(400, 'X', `messages.0: ${TOKEN}`))

  assert.equal(error.message, 'the upstream refused the request')
  assert.match(log.join('\n'), /"answer":"none that can be shown: /)
  assert.equal(log.join('\n').includes(TOKEN), false)
})

test('of a refusal the operator reads the words that the developer does not, and 2,048 characters of them', async t => {
  const { log } = await afterAnswer(t, () => googleError(400, 'X', `${'long '.repeat(1000)}`))

  const line = log.find(text => text.startsWith('warn upstream upstream-1 refused a request')) ?? ''
  const { answer: words, status, model, request_id } = JSON.parse(line.slice(line.indexOf('{')))
  assert.deepEqual({ status, model, request_id }, { status: 400, model: 'claude-test', request_id: 'r-1' })
  assert.equal(words.length, 2048)
})

test('an error that is longer than 64 KiB, or breaks off, is answered in our words', async t => {
  const long = googleError(403, 'PERMISSION_DENIED', 'x'.repeat(70_000))
  const cut = long.subarray(0, 300)

  for (const script of [() => long, (_: unknown, socket: { end(bytes: Buffer): void }) => socket.end(cut)]) {
    const told = await afterAnswer(t, script)
    assert.deepEqual(told.error, {
      type: 'permission_error',
      message: 'the upstream denied the gateway; tell its operator',
    })
  }
})
