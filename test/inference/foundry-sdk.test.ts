// The provider's own client sees no difference between the Anthropic API and a gateway in front of Microsoft Foundry.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { azureError, REPLY, startFoundry } from '../support/foundry.ts'
import { ASK, clientAt, failureOf, streamOf, TOOL_EVENTS, TOOLS, told } from '../support/sdk-client.ts'
import { REPLY_EVENTS, sse } from '../support/sse.ts'
import { jsonAnswer, type Script, startUpstream } from '../support/upstream.ts'

/** The same client, once straight at an Anthropic-format server and once through the gateway to Foundry. */
async function bothWays(script: Script, { foundry = script, maxRetries = 0 } = {}) {
  const direct = await startUpstream(script)
  const rig = await startFoundry({ script: foundry })
  return {
    clients: [clientAt(direct.port, maxRetries), clientAt(rig.port, maxRetries)] as const,
    foundry: rig.foundry,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]()
      await direct[Symbol.asyncDispose]()
    },
  }
}

test('a stream has the same events', async () => {
  await using both = await bothWays(streamOf(REPLY_EVENTS))
  const [direct, gateway] = both.clients

  const events = await told(direct, ASK)

  assert.equal(events.length, REPLY_EVENTS.length - 1) // the client keeps pings to itself
  assert.deepEqual(await told(gateway, ASK), events)
})

test('a stream with a tool has the same events, and the same input', async () => {
  await using both = await bothWays(streamOf(TOOL_EVENTS))
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
  assert.deepEqual(JSON.parse(`${both.foundry.requests[0]?.body}`), { ...ask, stream: true })
})

test('a message and a count are the same', async () => {
  const script: Script = ({ path }) => jsonAnswer(/count[-_]tokens/.test(path) ? { input_tokens: 9 } : REPLY)
  await using both = await bothWays(script)
  const [direct, gateway] = both.clients
  const { model, messages } = ASK

  assert.deepEqual(await gateway.messages.create(ASK), await direct.messages.create(ASK))
  assert.deepEqual(
    await gateway.messages.countTokens({ model, messages }),
    await direct.messages.countTokens({ model, messages }),
  )
})

test('an error in the Anthropic envelope is the same error, with its words', async () => {
  const error = { type: 'invalid_request_error', message: 'prompt is too long: 9 tokens > 8 maximum' }
  await using both = await bothWays(() => jsonAnswer({ type: 'error', error }, { status: 400 }))

  const [direct, gateway] = await Promise.all(
    both.clients.map(client => client.messages.create(ASK).catch(failureOf)),
  )

  assert.deepEqual(gateway, direct)
  assert.match(JSON.stringify(gateway), /"BadRequestError".*prompt is too long/)
})

for (const [status, code] of [
  [401, 'PermissionDenied'],
  [403, 'Forbidden'],
  [404, 'DeploymentNotFound'],
  [429, 'RateLimitReached'],
] as const) {
  test(`${status} of Azure's raises the class of error that the Anthropic API's would`, async () => {
    const theirs: Script = () => jsonAnswer({ type: 'error', error: { type: 'x', message: 'x' } }, { status })
    await using both = await bothWays(theirs, { foundry: () => azureError(status, code, 'x') })

    const [direct, gateway] = await Promise.all(
      both.clients.map(client => client.messages.create(ASK).catch((error: unknown) => error)),
    )

    assert.ok(direct instanceof Anthropic.APIError && gateway instanceof Anthropic.APIError)
    assert.equal(gateway.constructor, direct.constructor)
    assert.equal(gateway.status, status)
  })
}

test('an error event inside a stream ends it with the same type of error', async () => {
  const failing = [
    ...REPLY_EVENTS.slice(0, 4),
    sse('error', { error: { type: 'overloaded_error', message: 'the upstream failed' } }),
  ]
  await using both = await bothWays(streamOf(failing))
  const [direct, gateway] = both.clients

  const events = await told(direct, ASK)

  assert.match(JSON.stringify(events.at(-1)), /overloaded_error/)
  assert.deepEqual(await told(gateway, ASK), events)
})

test('the client repeats what may be repeated, and gets the answer', async () => {
  let asked = 0
  const script: Script = () => {
    asked += 1
    const headers = { 'retry-after': '0' }
    return asked % 2 === 1
      ? jsonAnswer({ error: { code: '429' } }, { status: 429, headers })
      : jsonAnswer(REPLY)
  }
  await using both = await bothWays(script, { maxRetries: 1 })

  for (const client of both.clients)
    assert.deepEqual((await client.messages.create(ASK)).content, REPLY.content)

  assert.equal(asked, 4)
})
