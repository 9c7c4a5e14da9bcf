// The provider's own client sees no difference between the Anthropic API and a gateway in front of Bedrock.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { awsError, frameStream, framesOf, REPLY, startBedrock } from '../support/bedrock.ts'
import { ASK, clientAt, streamOf, TOOL_EVENTS, TOOLS, told } from '../support/sdk-client.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import { jsonAnswer, type Script, startUpstream } from '../support/upstream.ts'

/** The same client, once straight at an Anthropic-format server and once through the gateway to Bedrock. */
async function bothWays(anthropic: Script, bedrock: Script, { maxRetries = 0 } = {}) {
  const direct = await startUpstream(anthropic)
  const rig = await startBedrock({ script: bedrock })
  return {
    clients: [clientAt(direct.port, maxRetries), clientAt(rig.port, maxRetries)] as const,
    bedrock: rig.bedrock,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]()
      await direct[Symbol.asyncDispose]()
    },
  }
}

/** The same events in both framings. */
function streaming(events: readonly string[]) {
  return bothWays(streamOf(events), () => frameStream(framesOf(events)))
}

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
