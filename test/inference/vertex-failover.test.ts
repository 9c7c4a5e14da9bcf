// Between Vertex and other upstreams: who is asked next, who is passed over, and what is said when nobody is left.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openPost, post, STREAM_BODY } from '../support/relay-client.ts'
import { errorAnswer, jsonAnswer, type Script, startUpstream } from '../support/upstream.ts'
import { googleError, PROJECT, startVertex, usualAnswer } from '../support/vertex.ts'

const FROM_SECOND = {
  id: 'msg_2',
  type: 'message',
  content: [],
  usage: { input_tokens: 1, output_tokens: 1 },
}
const COUNT = '/v1/messages/count_tokens'

/** Vertex first, the Anthropic API second. */
async function withFallback(t: TestContext, script: Script, more: Parameters<typeof startVertex>[1] = {}) {
  const fallback = await startUpstream(({ path }) =>
    jsonAnswer(path.startsWith(COUNT) ? { input_tokens: 5 } : FROM_SECOND),
  )
  const rig = await startVertex(t, { ...more, script, others: [{ base_url: fallback.origin }] })
  return {
    ...{ rig, fallback, port: rig.port },
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]()
      await fallback[Symbol.asyncDispose]()
    },
  }
}

for (const [status, name] of [
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [429, 'RESOURCE_EXHAUSTED'],
  [500, 'INTERNAL'],
  [503, 'UNAVAILABLE'],
] as const) {
  test(`${status} from Vertex sends the request, as it was received, to the Anthropic API`, async t => {
    await using both = await withFallback(t, () => googleError(status, name, 'x', { wrapped: true }))
    const body = '{"model":"claude-renamed","tags":{"team":"a"},"max_tokens":1,"messages":[]}'

    const reply = await post(both.port, { body, headers: { 'anthropic-beta': 'request-tags-2026-08-21' } })

    assert.equal(reply.body, JSON.stringify(FROM_SECOND))
    const [request] = both.fallback.requests
    assert.equal(`${request?.body}`, body.replace('claude-renamed', 'upstream-name'))
    assert.equal(request?.headers['anthropic-beta'], 'request-tags-2026-08-21')
    assert.equal(request?.headers['x-api-key'], 'sk-operator')
    assert.equal(request?.headers['authorization'], undefined)
  })
}

test('a 400 of Google’s is the answer; nobody else is asked', async t => {
  await using both = await withFallback(t, () => googleError(400, 'INVALID_ARGUMENT', 'no'))

  const reply = await post(both.port)

  assert.deepEqual([reply.status, both.fallback.requests.length], [400, 0])
})

test('an Anthropic API that fails hands over to Vertex, edited anew', async t => {
  await using api = await startUpstream(() => errorAnswer(529, 'overloaded_error'))
  await using rig = await startVertex(t, { earlier: [{ base_url: api.origin }] })

  const reply = await post(rig.port, { body: STREAM_BODY })

  assert.equal(reply.status, 200)
  assert.equal(reply.isComplete, true)
  assert.equal(api.requests.length, 1)
  assert.match(rig.vertex.requests[0]?.path ?? '', /claude-test:streamRawPredict$/)
})

test('a cloud has five minutes to begin its answer', async t => {
  const time = { now: 0 }
  await using both = await withFallback(t, () => undefined, { clock: () => time.now })
  const waiting = post(both.port)
  await both.rig.vertex.request(1)

  time.now = 300_000

  assert.equal((await waiting).body, JSON.stringify(FROM_SECOND))
  assert.match(both.rig.relay.log.lines.join('\n'), /no response head within 300000 ms/)
})

test('of Vertex and another that both fail, the last 429 is told in our words', async t => {
  await using api = await startUpstream(() => errorAnswer(500, 'api_error'))
  await using rig = await startVertex(t, {
    script: () => googleError(429, 'RESOURCE_EXHAUSTED', `Quota of ${PROJECT}`),
    others: [{ base_url: api.origin }],
  })

  const reply = await post(rig.port)

  assert.equal(reply.status, 429)
  assert.equal(JSON.parse(reply.body).error.message, 'the upstream is rate limiting the gateway')
})

/** A body that is `length` bytes long once the model is out of it and the version in it. */
function bodyOf(length: number): string {
  const start = '{"model":"claude-test","x":"'
  const edited = '{"anthropic_version":"vertex-2023-10-16","x":""}'
  return `${start}${'x'.repeat(length - edited.length)}"}`
}

test('a body that Google would refuse for its length goes to the next upstream instead', async t => {
  await using both = await withFallback(t, usualAnswer)

  const within = await post(both.port, { body: bodyOf(30_000_000) })
  const beyond = await post(both.port, { body: bodyOf(30_000_001) })

  assert.deepEqual([within.status, beyond.status], [200, 200])
  assert.deepEqual(
    both.rig.vertex.requests.map(({ body }) => body.length),
    [30_000_000],
  )
  assert.equal(beyond.body, JSON.stringify(FROM_SECOND))
  const [, event] = await both.rig.relay.audited(2)
  assert.deepEqual([event?.upstream, event?.attempts], ['upstream-2', 1])
})

test('without another upstream it is refused in the words by which clients shorten a conversation', async t => {
  await using rig = await startVertex(t)

  const reply = await post(rig.port, { body: bodyOf(30_000_001), headers: { 'x-client-request-id': 'r-1' } })

  assert.deepEqual(
    [reply.status, JSON.parse(reply.body)],
    [
      400,
      {
        type: 'error',
        request_id: 'r-1',
        error: { type: 'invalid_request_error', message: 'Input is too long.' },
      },
    ],
  )
  assert.equal(rig.vertex.requests.length, 0)
})

const NO_COUNTING = googleError(
  404,
  'NOT_FOUND',
  `Publisher model projects/${PROJECT} count-tokens not found`,
)

test('a location that cannot count is passed over for ten minutes; messages still go there', async t => {
  const time = { now: 0 }
  const script: Script = request =>
    request.path.includes('/count-tokens:') ? NO_COUNTING : usualAnswer(request)
  await using both = await withFallback(t, script, { clock: () => time.now })
  const counted: string[] = []
  const count = async () => counted.push((await post(both.port, { path: COUNT })).body)
  const asked = () => both.rig.vertex.requests.length

  for (const now of [0, 599_999]) {
    time.now = now
    await count()
  }
  assert.equal(asked(), 1)
  await post(both.port)
  assert.equal(asked(), 2)
  time.now = 600_000
  await count()

  assert.equal(asked(), 3)
  assert.deepEqual(counted, Array(3).fill('{"input_tokens":5}'))
  assert.deepEqual(
    both.rig.relay.log.lines.filter(line => !line.startsWith('debug ')),
    [],
  )
})

test('when nobody can count, the client is told to estimate: 404, once asked and once remembered', async t => {
  await using rig = await startVertex(t, { script: () => NO_COUNTING })

  const replies = [await post(rig.port, { path: COUNT }), await post(rig.port, { path: COUNT })]

  for (const { status, body } of replies) {
    const { type, message } = JSON.parse(body).error
    assert.deepEqual(
      [status, type, message],
      [404, 'not_found_error', 'token counting is not available for this model'],
    )
  }
  assert.equal(rig.vertex.requests.length, 1)
  assert.deepEqual(rig.relay.records, [])
})

test('an answer to an abandoned stream is counted on Vertex, with the model and the version in the body', async t => {
  const { promise: counted, resolve } = Promise.withResolvers<string>()
  await using rig = await startVertex(t, {
    script: request => {
      if (!request.path.endsWith('/count-tokens:rawPredict')) return undefined
      resolve(`${request.body}`)
      return jsonAnswer({ input_tokens: 77 })
    },
  })
  const messages = [{ role: 'user', content: 'hi' }]
  const body = JSON.stringify({
    model: 'claude-renamed',
    max_tokens: 5,
    stream: true,
    tags: { a: 'b' },
    messages,
  })
  const socket = openPost(rig.port, { body })
  await rig.vertex.request(1)

  socket.destroy()

  assert.deepEqual(JSON.parse(await counted), {
    ...{ model: 'upstream-name', anthropic_version: 'vertex-2023-10-16', messages },
  })
  while (rig.relay.records.length === 0) await new Promise(setImmediate)
  assert.deepEqual(
    rig.relay.records.map(({ upstream_model, parts, estimated }) => [
      upstream_model,
      parts[0]?.input,
      estimated,
    ]),
    [['upstream-name', 77, true]],
  )
})
