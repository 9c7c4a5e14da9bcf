// The provider's own client, unmodified, as a witness that what we pass on is what it expects.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { startRelay } from '../support/relay-rig.ts'
import { REPLY_EVENTS } from '../support/sse.ts'
import {
  chunk,
  errorAnswer,
  jsonAnswer,
  LAST_CHUNK,
  type Script,
  startUpstream,
  streamHead,
} from '../support/upstream.ts'

/** The SDK, signed in at a relay in front of `script`. */
async function startSdk(script: Script) {
  const upstream = await startUpstream(script)
  const relay = await startRelay({ upstreams: [{ base_url: upstream.origin }] })
  const client = new Anthropic({
    authToken: 'session-token',
    apiKey: null,
    baseURL: `http://127.0.0.1:${relay.port}`,
    maxRetries: 0,
  })
  return {
    client,
    upstream,
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
    },
  }
}

const ASK = { model: 'claude-test', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hi' }] }

test('the SDK streams a message', async () => {
  await using sdk = await startSdk(() =>
    Buffer.concat([streamHead(), ...REPLY_EVENTS.map(event => chunk(event)), LAST_CHUNK]),
  )

  const message = await sdk.client.messages.stream(ASK).finalMessage()

  assert.deepEqual(
    message.content.map(block => block.type === 'text' && block.text),
    ['The quick brown fox jumps!!'],
  )
  assert.equal(message.usage.output_tokens, 5)
  assert.equal(sdk.upstream.requests[0]?.headers['x-stainless-lang'], 'js')
  assert.equal(sdk.upstream.requests[0]?.headers['authorization'], undefined)
})

test('the SDK gets a message in one piece, and a token count', async () => {
  await using sdk = await startSdk(request =>
    request.path === '/v1/messages'
      ? jsonAnswer({ type: 'message', content: [{ type: 'text', text: 'yes' }], usage: {} })
      : jsonAnswer({ input_tokens: 9 }),
  )

  const message = await sdk.client.messages.create(ASK)
  const count = await sdk.client.messages.countTokens({ model: ASK.model, messages: ASK.messages })

  assert.deepEqual(message.content, [{ type: 'text', text: 'yes' }])
  assert.equal(count.input_tokens, 9)
})

test("the SDK recognises an upstream's error, and the gateway's own", async () => {
  await using theirs = await startSdk(() => errorAnswer(400, 'invalid_request_error', 'prompt is too long'))
  await using ours = await startSdk((_request, socket) => socket.destroy())

  await assert.rejects(theirs.client.messages.create(ASK), (error: unknown) => {
    assert.ok(error instanceof Anthropic.BadRequestError)
    assert.match(error.message, /prompt is too long/)
    return true
  })
  await assert.rejects(ours.client.messages.create(ASK), (error: unknown) => {
    assert.ok(error instanceof Anthropic.InternalServerError)
    assert.equal(error.status, 502)
    assert.match(error.message, /no upstream could answer \(1 configured\)/)
    assert.match(error.requestID ?? '', /^[0-9a-f-]{36}$/)
    return true
  })
})

test('the SDK takes a cut stream for broken, not for an answer', async () => {
  await using sdk = await startSdk((_request, socket) => {
    socket.end(Buffer.concat([streamHead(), chunk(REPLY_EVENTS.slice(0, 5).join(''))]))
  })

  await assert.rejects(sdk.client.messages.stream(ASK).finalMessage())
})
