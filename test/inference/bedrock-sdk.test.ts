// The provider's own client sees no difference between the Anthropic API and a gateway in front of Bedrock.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { awsError, frameStream, framesOf, REPLY, startBedrock } from '../support/bedrock.ts'
import { REPLY_EVENTS, sse } from '../support/sse.ts'
import { chunk, jsonAnswer, LAST_CHUNK, type Script, startUpstream, streamHead } from '../support/upstream.ts'

const ASK = { model: 'claude-test', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hi' }] }
const TOOLS = [
  { name: 'weather', input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } } },
]

/** The same client, once straight at an Anthropic-format server and once through the gateway to Bedrock. */
async function bothWays(anthropic: Script, bedrock: Script, { maxRetries = 0 } = {}) {
  const direct = await startUpstream(anthropic)
  const rig = await startBedrock({ script: bedrock })
  const clientAt = (port: number) =>
    new Anthropic({
      ...{ authToken: 'session-token', apiKey: null, maxRetries },
      baseURL: `http://127.0.0.1:${port}`,
    })
  return {
    clients: [clientAt(direct.port), clientAt(rig.port)] as const,
    bedrock: rig.bedrock,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]()
      await direct[Symbol.asyncDispose]()
    },
  }
}

/** The same events in both framings. */
function streaming(events: readonly string[]) {
  return bothWays(
    () => Buffer.concat([streamHead(), ...events.map(event => chunk(event)), LAST_CHUNK]),
    () => frameStream(framesOf(events)),
  )
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
  const body = JSON.stringify(error.error ?? null, (key, value) => (key === 'request_id' ? undefined : value))
  return { class: error.constructor.name, status: error.status, error: body }
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

for (const [what, events, tools] of [
  ['text', REPLY_EVENTS, undefined],
  ['a tool', TOOL_EVENTS, TOOLS],
] as const) {
  test(`a stream with ${what} has the same events`, async () => {
    await using both = await streaming(events)
    const [direct, gateway] = both.clients
    const ask = tools === undefined ? ASK : { ...ASK, tools }

    const seen = await told(direct, ask)

    assert.ok(seen.length >= events.length - 1) // the client keeps pings to itself
    assert.deepEqual(await told(gateway, ask), seen)
    const { anthropic_version: _, ...body } = JSON.parse(`${both.bedrock.requests[0]?.body}`)
    const { model, ...sent } = ask
    assert.deepEqual(body, sent)
    assert.equal(model, 'claude-test')
  })
}

test('a message and a count are the same', async () => {
  await using both = await bothWays(
    ({ path }) => jsonAnswer(path.includes('count_tokens') ? { input_tokens: 9 } : REPLY),
    ({ path }) => jsonAnswer(path.endsWith('/count-tokens') ? { inputTokens: 9 } : REPLY),
  )
  const [direct, gateway] = both.clients
  const { model, messages } = ASK

  assert.deepEqual(await gateway.messages.create(ASK), await direct.messages.create(ASK))
  assert.deepEqual(
    await gateway.messages.countTokens({ model, messages }),
    await direct.messages.countTokens({ model, messages }),
  )
})

test('betas of the client reach Bedrock in the body', async () => {
  await using both = await bothWays(
    () => jsonAnswer(REPLY),
    () => jsonAnswer(REPLY),
  )

  await both.clients[1].beta.messages.create({ ...ASK, betas: ['context-management-2025-06-27'] })

  const { anthropic_beta } = JSON.parse(`${both.bedrock.requests[0]?.body}`)
  assert.deepEqual(anthropic_beta, ['context-management-2025-06-27'])
})

for (const [status, type] of [
  [400, 'ValidationException'],
  [403, 'AccessDeniedException'],
  [404, 'ResourceNotFoundException'],
  [429, 'ThrottlingException'],
] as const) {
  test(`${status} of AWS's raises the class of error that the Anthropic API's would`, async () => {
    const theirs: Script = () => jsonAnswer({ type: 'error', error: { type: 'x', message: 'x' } }, { status })
    await using both = await bothWays(theirs, () => awsError(status, type, 'x'))

    const [direct, gateway] = await Promise.all(
      both.clients.map(client => client.messages.create(ASK).catch((error: unknown) => error)),
    )

    assert.ok(direct instanceof Anthropic.APIError && gateway instanceof Anthropic.APIError)
    assert.equal(gateway.constructor, direct.constructor)
    assert.equal(gateway.status, status)
  })
}

test('the client repeats what may be repeated, and gets the answer', async () => {
  let asked = 0
  const script: Script = () => {
    asked += 1
    return asked % 2 === 1
      ? jsonAnswer({ message: 'slow' }, { status: 429, headers: { 'retry-after': '0' } })
      : jsonAnswer(REPLY)
  }
  await using both = await bothWays(script, script, { maxRetries: 1 })

  for (const client of both.clients)
    assert.deepEqual((await client.messages.create(ASK)).content, REPLY.content)

  assert.equal(asked, 4)
})
