import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type BodyReader, startBodyReader } from '../support/body-reader.ts'

let reader: BodyReader
before(async () => {
  reader = await startBodyReader()
})
after(() => reader[Symbol.asyncDispose]())

/** What the route says of `body`: what it read, or status and error. */
async function said(body: string | Uint8Array<ArrayBuffer>): Promise<unknown> {
  const response = await reader.post(body, { 'content-type': 'text/plain' })
  const answer = (await response.json()) as { error?: object } // the test's own route, or the error shape
  return answer.error === undefined ? answer : { status: response.status, ...answer.error }
}

const refused = (message: string) => ({ status: 400, type: 'invalid_request_error', message })
const read = (text: string, model: string, stream = false) => {
  const length = Buffer.byteLength(text)
  return { model, stream, length, sum: length, kept: 0 }
}

test('a body is read whatever its content type says', async () => {
  const text = '{"model":"claude-opus-5","stream":true}'

  assert.deepEqual(await said(text), read(text, 'claude-opus-5', true))
})

test('the model is found last, escaped, and never in strings or deeper objects', async () => {
  const texts = [
    '{"system":"\\"model\\":\\"b\\"","x":{"model":"c"},"y":["model","d"],"model":"a"}',
    '{"\\u006dod\\u0065l":"\\u0061"}',
    ' { "model" : "a" } \n',
  ]

  for (const text of texts) assert.deepEqual(await said(text), read(text, 'a'), text)
})

test('a model that is missing, empty, no text or too long is refused', async () => {
  const longest = 'é'.repeat(128)

  assert.deepEqual(await said('{"x":{"model":"a"}}'), refused('the request names no model'))
  assert.deepEqual(await said('{"model":""}'), refused('the request names no model'))
  for (const value of ['1', 'null', '["a"]', '{"a":"b"}', 'true']) {
    assert.deepEqual(await said(`{"model":${value}}`), refused('model must be text'), value)
  }
  const escaped = `{"model":"${'\\u00e9'.repeat(128)}"}`
  assert.deepEqual(await said(escaped), read(escaped, longest))
  const tooLong = refused('model must be text of at most 256 bytes')
  assert.deepEqual(await said(`{"model":"${longest}a"}`), tooLong)
  assert.deepEqual(await said(`{"model":"${'a'.repeat(100_000)}"}`), tooLong)
})

test('only the literal true asks for a stream', async () => {
  for (const value of ['false', '"true"', '1', 'null', '[true]']) {
    const text = `{"model":"a","stream":${value}}`

    assert.deepEqual(await said(text), read(text, 'a'), value)
  }
})

test('what is no JSON, no UTF-8 or no object is refused before the model is looked at', async () => {
  const latin1 = Buffer.from('{"x":"\xe9"}', 'latin1')

  for (const body of ['{"x":1', '', '{"model":1,}', '\ufeff{"model":"a"}', latin1]) {
    assert.deepEqual(await said(body), refused('request body is not valid JSON'))
  }
  assert.deepEqual(await said('[{"model":"a"}]'), refused('request body must be one JSON object'))
})

test('a rule member that comes twice is refused by name', async () => {
  const texts = {
    model: '{"model":"a","mod\\u0065l":"b"}',
    stream: '{"stream":true,"stream":true}',
    tags: '{"tags":{},"model":1,"tags":{}}',
    anthropic_version: '{"anthropic_version":"a","anthropic_version":"a"}',
    anthropic_beta: '{"anthropic_beta":[],"anthropic_beta":[]}',
  }

  for (const [name, text] of Object.entries(texts)) {
    assert.deepEqual(await said(text), refused(`request body names "${name}" twice`))
  }
})
