import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { startStandInModel } from '../../app/development/model.ts'

const QUESTION = {
  model: 'claude-haiku-4-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'Hello' }],
}

async function startClient() {
  const model = await startStandInModel()
  const client = new Anthropic({ baseURL: model.url, apiKey: 'none needed', maxRetries: 0 })
  return { client, url: model.url, [Symbol.asyncDispose]: () => model[Symbol.asyncDispose]() }
}

test('the stand-in streams a whole message that says what it is', async () => {
  await using sut = await startClient()

  const message = await sut.client.messages.stream(QUESTION).finalMessage()

  const [block] = message.content
  assert.match(
    block?.type === 'text' ? block.text : '',
    /^This is a canned answer of the local stand-in model/,
  )
  assert.deepEqual(
    [message.model, message.stop_reason, message.usage.output_tokens > 10],
    ['claude-haiku-4-5', 'end_turn', true],
  )
})

test('it answers the same without a stream', async () => {
  await using sut = await startClient()

  const message = await sut.client.messages.create(QUESTION)
  const streamed = await sut.client.messages.stream(QUESTION).finalMessage()

  assert.deepEqual(
    message.content.map(block => block.type === 'text' && block.text),
    streamed.content.map(block => block.type === 'text' && block.text),
  )
  assert.equal(message.usage.output_tokens, streamed.usage.output_tokens)
})

test('it counts a quarter of the bytes as tokens', async () => {
  await using sut = await startClient()
  const { max_tokens: _, ...question } = QUESTION

  const { input_tokens: counted } = await sut.client.messages.countTokens(question)

  assert.equal(counted, Math.ceil(JSON.stringify(question).length / 4))
})

test('what it does not know is refused in the format of the Messages API', async () => {
  await using sut = await startClient()

  const answers = await Promise.all([
    fetch(`${sut.url}/v1/other`, { method: 'POST', body: '{}' }),
    fetch(`${sut.url}/v1/messages`, { method: 'POST', body: 'no JSON' }),
    fetch(`${sut.url}/v1/messages`),
  ])

  const message = 'the stand-in model cannot answer this request'
  assert.deepEqual(await Promise.all(answers.map(async answer => [answer.status, await answer.json()])), [
    [404, { type: 'error', error: { type: 'not_found_error', message } }],
    [400, { type: 'error', error: { type: 'invalid_request_error', message } }],
    [400, { type: 'error', error: { type: 'invalid_request_error', message } }],
  ])
})
