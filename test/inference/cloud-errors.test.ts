// The table of what a developer is told about a cloud's error, row by row.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Provider } from '../../app/config/upstreams.ts'
import { cannotCount, providerText, toldError, toldEvent } from '../../app/inference/cloud-errors.ts'

interface Asked {
  readonly provider?: Provider
  readonly status?: number
  readonly clientModel?: string
}

function told(
  body: string | object | null,
  { provider = 'vertex', status = 400, clientModel = 'm' }: Asked = {},
) {
  return toldError({
    ...{ provider, status, clientModel, body: bytesOf(body) },
    identifiers: ['acme-prod-1'],
  })
}

function bytesOf(body: string | object | null): Buffer | null {
  return body === null ? null : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

const google = (message: string) => ({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } })
const amazon = (message: string) => ({ message })
const envelope = (message: string, more = {}) => ({
  type: 'error',
  error: { type: 'invalid_request_error', message, ...more },
  request_id: 'req_theirs',
})
const invalid = (message: string) => ({ type: 'invalid_request_error', message })
const REFUSED = invalid('the upstream refused the request')

test('a 400 or 413 in the Anthropic envelope keeps its type, words and details', () => {
  const message = 'prompt is too long: 210000 tokens > 200000 maximum'

  assert.deepEqual(told(envelope(message)), invalid(message))
  assert.deepEqual(told(envelope('x: y', { details: { a: [1] } })), {
    ...invalid('x: y'),
    details: { a: [1] },
  })
  const large = { type: 'error', error: { type: 'request_too_large', message: 'Request exceeds' } }
  assert.deepEqual(told(large, { status: 413 }), large.error)
})

test('an envelope that names the operator’s project is not passed on', () => {
  assert.deepEqual(told(envelope('no quota in acme-prod-1')), REFUSED)
  assert.deepEqual(told(envelope('x', { details: { project: 'ACME-PROD-1' } })), REFUSED)
  assert.deepEqual(told(envelope('of acme-prod-1-staging')), invalid('of acme-prod-1-staging'))
})

test('the sizes that Google refuses become the words by which the client shortens a conversation', () => {
  for (const size of ['The request size (31457283 bytes)', 'The message size (31,457,283 bytes)'])
    assert.deepEqual(told(google(`${size} exceeds 30.000MB limit.`)), invalid('Input is too long.'))
})

test('what Bedrock says of long prompts becomes the client’s token, or the words it knows', () => {
  const bedrock = { provider: 'bedrock' } as const

  assert.deepEqual(
    told(amazon('Input is too long for requested model.'), bedrock),
    invalid('capability_rejected: prompt_too_long'),
  )
  assert.deepEqual(told(amazon('Input is too long.'), bedrock), invalid('Input is too long.'))
  assert.deepEqual(told(amazon('Input is too long. Or not.'), bedrock), REFUSED)
  assert.deepEqual(told(google('Input is too long for requested model.')), REFUSED)
})

test('an id that Bedrock does not know is named as the developer wrote it, made harmless', () => {
  const clientModel = `opus\u0007${'x'.repeat(200)}`

  assert.deepEqual(
    told(amazon('The provided model identifier is invalid.'), { provider: 'bedrock', clientModel }),
    invalid(`the model opus?${'x'.repeat(123)} is not available on this upstream`),
  )
})

test('an upstream that does not know safeguards says so, and the client repeats without them', () => {
  assert.deepEqual(
    told(google('Unknown name "safeguards" at projects/acme')),
    invalid('safeguards are not supported by this upstream'),
  )
})

test('a message about one of the developer’s own fields is passed on unchanged', () => {
  for (const text of [
    'messages.0.content: Field required',
    'messages: at least one message is required',
    'system.0.text: empty',
    'tools.3.name: String should match pattern',
    'thinking.budget_tokens: Input should be greater than 1024',
    'output_config.format: unsupported',
    'max_tokens: 900000 > 64000, which is the maximum',
    'prompt is too long: 210000 tokens > 200000 maximum',
  ]) {
    assert.deepEqual(told(google(text)), invalid(text))
    assert.deepEqual(told([google(text)]), invalid(text))
    assert.deepEqual(told(amazon(text), { provider: 'bedrock' }), invalid(text))
  }
})

test('a message that holds something of the operator’s is not', () => {
  for (const end of [
    'arn:aws:bedrock:us-east-1:1:x',
    'account 123456789',
    'projects/x',
    'https://x.example',
    'gateway@x.example',
    '0f0e0d0c-0b0a-0908-0706-050403020100',
    'project acme-prod-1',
    'x'.repeat(490),
  ])
    assert.deepEqual(told(google(`messages.0: ${end}`)), REFUSED, end)
  assert.deepEqual(told(google('the messages. are wrong')), REFUSED)
})

test('every other answer has its own words, whatever it said', () => {
  const rows: [number, string, string][] = [
    [400, 'invalid_request_error', 'the upstream refused the request'],
    [401, 'authentication_error', 'the gateway could not sign in to its upstream; tell its operator'],
    [403, 'permission_error', 'the upstream denied the gateway; tell its operator'],
    [404, 'not_found_error', 'the upstream does not have this model'],
    [409, 'api_error', 'the upstream failed'],
    [413, 'request_too_large', 'the request is too large for this upstream'],
    [422, 'api_error', 'the upstream failed'],
    [429, 'rate_limit_error', 'the upstream is rate limiting the gateway'],
    [501, 'not_supported', 'the upstream does not support this request'],
    [503, 'api_error', 'the upstream failed'],
  ]
  for (const [status, type, message] of rows) {
    for (const body of [
      google('Quota of projects/acme'),
      [google('x')],
      '<html>413</html>',
      '',
      '[1,2]',
      'null',
      null,
    ])
      assert.deepEqual(told(body, { status }), { type, message })
    if (status !== 400 && status !== 413)
      assert.deepEqual(told(envelope('messages.0: theirs'), { status }), { type, message })
  }
})

test('an error event keeps its type; its words follow the same table', () => {
  const event = (type: string, message = 'in acme-prod-1') =>
    toldEvent({
      ...{ provider: 'vertex', clientModel: 'm', identifiers: ['acme-prod-1'] },
      body: bytesOf({ type: 'error', error: { type, message } }),
    })

  assert.deepEqual(event('overloaded_error'), { type: 'overloaded_error', message: 'the upstream failed' })
  assert.deepEqual(event('rate_limit_error'), {
    type: 'rate_limit_error',
    message: 'the upstream is rate limiting the gateway',
  })
  assert.deepEqual(event('invalid_request_error', 'tools.0: no'), invalid('tools.0: no'))
  assert.deepEqual(event('invalid_request_error'), REFUSED)
  assert.deepEqual(event('<b>'), { type: 'api_error', message: 'the upstream failed' })
})

test('the provider’s own words are found in every shape', () => {
  const texts = [
    google(' g '),
    [google('g')],
    amazon('a'),
    { Message: 'A' },
    envelope('e'),
    { error: 'o' },
    'plain ',
    {},
  ]
  assert.deepEqual(
    texts.map(body => providerText(bytesOf(body))),
    ['g', 'g', 'a', 'A', 'e', 'o', 'plain', ''],
  )
})

test('a location that cannot count says so by 404, 501, or by its words', () => {
  const judged = (status: number, text: string) => cannotCount({ status, body: bytesOf(envelope(text)) })

  assert.equal(judged(404, 'x'), true)
  assert.equal(judged(501, 'x'), true)
  assert.equal(judged(400, 'claude-opus-4-8@default is not supported for token counting'), true)
  assert.equal(judged(400, 'messages: Field required'), false)
  assert.equal(judged(429, 'x'), false)
})
