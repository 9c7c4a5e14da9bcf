// The provider's own client, unmodified, signed in at a whole gateway.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { REPLY_EVENTS } from '../support/sse.ts'
import { answer, chunk, errorAnswer, type Script, streamHead } from '../support/upstream.ts'
import { openWholeGateway, polite } from '../support/whole-gateway.ts'

/** The SDK with the bearer of a sign-in, and its own retries on. */
async function openSdk(...scripts: readonly Script[]) {
  const whole = await openWholeGateway(scripts.length === 0 ? {} : { scripts })
  const { access_token: authToken } = await whole.tokens()
  const sdkWith = (bearer: string) =>
    new Anthropic({ authToken: bearer, apiKey: null, baseURL: whole.gateway.url, maxRetries: 2 })
  const asked = () => whole.upstreams.map(({ requests }) => requests.length)
  return { ...whole, sdk: sdkWith(authToken), sdkWith, asked }
}

const ASK = { model: 'claude-sonnet-5', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hi' }] }

test('the SDK streams, asks at once, counts and lists models', async () => {
  await using whole = await openSdk()

  const streamed = await whole.sdk.messages.stream(ASK).finalMessage()
  const message = await whole.sdk.messages.create(ASK)
  const count = await whole.sdk.messages.countTokens({ model: ASK.model, messages: ASK.messages })
  const models = await whole.sdk.models.list()

  assert.deepEqual(
    streamed.content.map(block => block.type === 'text' && block.text),
    ['The quick brown fox jumps!!'],
  )
  assert.deepEqual([streamed.usage.input_tokens, streamed.usage.output_tokens], [11, 5])
  assert.deepEqual(message.content, [{ type: 'text', text: 'yes' }])
  assert.equal(count.input_tokens, 9)
  assert.ok(models.data.some(({ id, type }) => id === ASK.model && type === 'model'))
  assert.deepEqual(
    whole.gateway.events.flatMap(event =>
      event.evt === 'inference' ? [[event.path, event.sub, event.status]] : [],
    ),
    [
      ['/v1/messages', 'u-ada', 200],
      ['/v1/messages', 'u-ada', 200],
      ['/v1/messages/count_tokens', 'u-ada', 200],
    ],
  )
})

test('a session that ended is told to the SDK as such, which does not try again', async () => {
  await using whole = await openSdk()
  const tokens = await whole.tokens()
  await whole.terminal.logout(tokens)

  const refused = whole.sdkWith(tokens.access_token).messages.create(ASK)

  await assert.rejects(refused, (error: unknown) => {
    assert.ok(error instanceof Anthropic.AuthenticationError)
    assert.match(error.message, /Sign in to the gateway again with \/login/)
    return true
  })
  const denied = whole.gateway.events.flatMap(event => (event.evt === 'auth.denied' ? [event.reason] : []))
  assert.deepEqual([denied, whole.asked()], [['revoked'], [0]])
})

test("the SDK is told the gateway's own refusals with their type, and does not repeat them", async () => {
  await using whole = await openSdk()

  const refused = whole.sdk.messages.create({ ...ASK, model: 'claude-nobody-serves' })

  await assert.rejects(refused, (error: unknown) => {
    assert.ok(error instanceof Anthropic.BadRequestError)
    assert.equal(error.type, 'invalid_request_error')
    assert.match(error.message, /does not offer the model claude-nobody-serves/)
    return true
  })
  assert.deepEqual(whole.asked(), [0])
})

test("an upstream's refusal of the request reaches the SDK as it was", async () => {
  await using whole = await openSdk(() => errorAnswer(400, 'invalid_request_error', 'prompt is too long'))

  await assert.rejects(whole.sdk.messages.create(ASK), (error: unknown) => {
    assert.ok(error instanceof Anthropic.BadRequestError)
    assert.match(error.message, /prompt is too long/)
    return true
  })
  assert.deepEqual(whole.asked(), [1])
})

test('an upstream that is overloaded is left for the next one before the SDK notices', async () => {
  await using whole = await openSdk(() => errorAnswer(529, 'overloaded_error'), polite)

  const message = await whole.sdk.messages.stream(ASK).finalMessage()

  assert.equal(message.stop_reason, 'end_turn')
  assert.deepEqual(whole.asked(), [1, 1])
})

test('the SDK repeats what no upstream could answer, and gets the answer of the one that recovered', async () => {
  let asked = 0
  await using whole = await openSdk((request, socket) => {
    asked += 1
    return asked === 1 ? answer({ status: 500 }) : polite(request, socket)
  })

  const message = await whole.sdk.messages.create(ASK)

  assert.deepEqual(message.content, [{ type: 'text', text: 'yes' }])
  assert.equal(asked, 2)
})

test('the SDK takes a stream that its upstream broke off for broken', async () => {
  await using whole = await openSdk((_request, socket) => {
    socket.end(Buffer.concat([streamHead(), chunk(REPLY_EVENTS.slice(0, 5).join(''))]))
  })

  await assert.rejects(whole.sdk.messages.stream(ASK).finalMessage())

  const outcomes = whole.gateway.events.flatMap(event => (event.evt === 'inference' ? [event.outcome] : []))
  assert.deepEqual(outcomes, ['upstream_abort'])
})
