// The provider's own client sees no difference between the Anthropic API and a gateway in front of Vertex.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { ASK, clientAt, failureOf, streamOf, TOOL_EVENTS, TOOLS, told } from '../support/sdk-client.ts'
import { REPLY_EVENTS, sse } from '../support/sse.ts'
import { jsonAnswer, type Script, startUpstream } from '../support/upstream.ts'
import { googleError, REPLY, startVertex } from '../support/vertex.ts'

/** The same client, once straight at an Anthropic-format server and once through the gateway to Vertex. */
async function bothWays(t: TestContext, script: Script, { vertex = script, maxRetries = 0 } = {}) {
  const direct = await startUpstream(script)
  const rig = await startVertex(t, { script: vertex })
  return {
    clients: [clientAt(direct.port, maxRetries), clientAt(rig.port, maxRetries)] as const,
    vertex: rig.vertex,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]()
      await direct[Symbol.asyncDispose]()
    },
  }
}

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
