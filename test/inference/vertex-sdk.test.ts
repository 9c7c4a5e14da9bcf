// The provider's own client sees no difference between the Anthropic API and a gateway in front of Vertex.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { REPLY_EVENTS, sse } from '../support/sse.ts'
import { chunk, jsonAnswer, LAST_CHUNK, type Script, startUpstream, streamHead } from '../support/upstream.ts'
import { googleError, REPLY, startVertex } from '../support/vertex.ts'

const ASK = { model: 'claude-test', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hi' }] }
const TOOLS = [
  { name: 'weather', input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } } },
]

/** The same client, once straight at an Anthropic-format server and once through the gateway to Vertex. */
async function bothWays(t: TestContext, script: Script, { vertex = script, maxRetries = 0 } = {}) {
  const direct = await startUpstream(script)
  const rig = await startVertex(t, { script: vertex })
  const clientAt = (port: number) =>
    new Anthropic({
      ...{ authToken: 'session-token', apiKey: null, maxRetries },
      baseURL: `http://127.0.0.1:${port}`,
    })
  return {
    clients: [clientAt(direct.port), clientAt(rig.port)] as const,
    vertex: rig.vertex,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]()
      await direct[Symbol.asyncDispose]()
    },
  }
}

/** Everything that the client makes of a stream, its errors included. */
async function told(client: Anthropic, ask: Anthropic.MessageStreamParams): Promise<unknown[]> {
  const events: unknown[] = []
  try {
    for await (const event of client.messages.stream(ask)) events.push(structuredClone(event))
  } catch (error) {
    events.push(failureOf(error))
  }
  return events
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof Anthropic.APIError)) return error
  return { class: error.constructor.name, status: error.status, error: withoutId(error.error) }
}

/** The id of a request differs by its nature. */
function withoutId(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body ?? null, (key, value) => (key === 'request_id' ? undefined : value)))
}

function streamOf(events: readonly string[]): Script {
  return () => Buffer.concat([streamHead(), ...events.map(event => chunk(event)), LAST_CHUNK])
}

const TOOL_EVENTS = [
  REPLY_EVENTS[0] ?? '',
  sse('content_block_start', {
    index: 0,
    content_block: { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} },
  }),
  sse('content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json: '{"city":' } }),
  sse('content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json: '"Zürich"}' } }),
  sse('content_block_stop', { index: 0 }),
  sse('message_delta', {
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 9 },
  }),
  sse('message_stop'),
]

test('a stream has the same events', async t => {
  await using both = await bothWays(t, streamOf(REPLY_EVENTS))
  const [direct, gateway] = both.clients

  const events = await told(direct, ASK)

  assert.equal(events.length, REPLY_EVENTS.length - 1) // the client keeps pings to itself
  assert.deepEqual(await told(gateway, ASK), events)
})

test('a stream with a tool has the same events, and the same input', async t => {
  await using both = await bothWays(t, streamOf(TOOL_EVENTS))
  const [direct, gateway] = both.clients
  const ask = { ...ASK, tools: TOOLS }

  const events = await told(direct, ask)
  const message = await gateway.messages.stream(ask).finalMessage()

  assert.equal(events.length, TOOL_EVENTS.length)
  assert.deepEqual(await told(gateway, ask), events)
  assert.deepEqual(
    message.content.map(block => block.type === 'tool_use' && block.input),
    [{ city: 'Zürich' }],
  )
  const { anthropic_version: _, ...body } = JSON.parse(`${both.vertex.requests[0]?.body}`)
  const { model, ...sent } = ask
  assert.equal(model, 'claude-test')
  assert.deepEqual(body, { ...sent, stream: true })
})

test('a message and a count are the same', async t => {
  const script: Script = ({ path }) => jsonAnswer(/count[-_]tokens/.test(path) ? { input_tokens: 9 } : REPLY)
  await using both = await bothWays(t, script)
  const [direct, gateway] = both.clients
  const { model, messages } = ASK

  assert.deepEqual(await gateway.messages.create(ASK), await direct.messages.create(ASK))
  assert.deepEqual(
    await gateway.messages.countTokens({ model, messages }),
    await direct.messages.countTokens({ model, messages }),
  )
})

test('an error in the Anthropic envelope is the same error, with its words', async t => {
  const error = { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8 maximum' }
  await using both = await bothWays(t, () => jsonAnswer({ type: 'error', error }, { status: 400 }))

  const [direct, gateway] = await Promise.all(
    both.clients.map(client => client.messages.create(ASK).catch(failureOf)),
  )

  assert.deepEqual(gateway, direct)
  assert.match(JSON.stringify(gateway), /"BadRequestError".*prompt is too long/)
})

for (const [status, name] of [
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [429, 'RESOURCE_EXHAUSTED'],
] as const) {
  test(`${status} of Google's raises the class of error that the Anthropic API's would`, async t => {
    const theirs: Script = () => jsonAnswer({ type: 'error', error: { type: 'x', message: 'x' } }, { status })
    await using both = await bothWays(t, theirs, { vertex: () => googleError(status, name, 'x') })

    const [direct, gateway] = await Promise.all(
      both.clients.map(client => client.messages.create(ASK).catch((error: unknown) => error)),
    )

    assert.ok(direct instanceof Anthropic.APIError && gateway instanceof Anthropic.APIError)
    assert.equal(gateway.constructor, direct.constructor)
    assert.equal(gateway.status, status)
  })
}

test('an error event inside a stream ends it with the same type of error', async t => {
  const failing = [
    ...REPLY_EVENTS.slice(0, 4),
    sse('error', { error: { type: 'overloaded_error', message: 'the upstream failed' } }),
  ]
  await using both = await bothWays(t, streamOf(failing))
  const [direct, gateway] = both.clients

  const events = await told(direct, ASK)

  assert.match(JSON.stringify(events.at(-1)), /overloaded_error/)
  assert.deepEqual(await told(gateway, ASK), events)
})

test('the client repeats what may be repeated, and gets the answer', async t => {
  let asked = 0
  const script: Script = () => {
    asked += 1
    const headers = { 'retry-after': '0' }
    return asked % 2 === 1
      ? jsonAnswer([{ error: { code: 429 } }], { status: 429, headers })
      : jsonAnswer(REPLY)
  }
  await using both = await bothWays(t, script, { maxRetries: 1 })

  for (const client of both.clients)
    assert.deepEqual((await client.messages.create(ASK)).content, REPLY.content)

  assert.equal(asked, 4)
})
