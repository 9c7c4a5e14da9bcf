// What a developer reads, and which upstream is asked next, when Bedrock answers with an error.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACCOUNT, awsError, startBedrock } from '../support/bedrock.ts'
import { BODY, post } from '../support/relay-client.ts'
import { jsonAnswer, startUpstream } from '../support/upstream.ts'

const INVALID = 'invalid_request_error'
const ROWS: readonly (readonly [number, string, string, string, string])[] = [
  [
    400,
    'ValidationException',
    'Input is too long for requested model.',
    INVALID,
    'capability_rejected: prompt_too_long',
  ],
  [400, 'ValidationException', 'Input is too long.', INVALID, 'Input is too long.'],
  [
    400,
    'ValidationException',
    'The provided model identifier is invalid.',
    INVALID,
    'the model claude-test is not available on this upstream',
  ],
  [
    400,
    'ValidationException',
    'safeguards: Extra inputs are not permitted',
    INVALID,
    'safeguards are not supported by this upstream',
  ],
  [400, 'ValidationException', 'messages.1.content: wrong', INVALID, 'messages.1.content: wrong'],
  [
    400,
    'ValidationException',
    'prompt is too long: 9 tokens > 8 maximum',
    INVALID,
    'prompt is too long: 9 tokens > 8 maximum',
  ],
  [400, 'ValidationException', `messages.0: of ${ACCOUNT}`, INVALID, 'the upstream refused the request'],
  [400, 'ValidationException', 'Malformed input request', INVALID, 'the upstream refused the request'],
  [
    403,
    'AccessDeniedException',
    'x',
    'permission_error',
    'the upstream denied the gateway; tell its operator',
  ],
  [404, 'ResourceNotFoundException', 'x', 'not_found_error', 'the upstream does not have this model'],
  [408, 'ModelTimeoutException', 'x', 'api_error', 'the upstream failed'],
  [413, 'RequestTooLarge', 'x', 'request_too_large', 'the request is too large for this upstream'],
  [424, 'ModelErrorException', 'x', 'api_error', 'the upstream failed'],
  [429, 'ThrottlingException', 'x', 'rate_limit_error', 'the upstream is rate limiting the gateway'],
]

for (const [status, type, words, told, message] of ROWS) {
  test(`${status} "${words.slice(0, 50)}" is told as "${message}"`, async () => {
    await using rig = await startBedrock({ script: () => awsError(status, type, words) })

    const reply = await post(rig.port, { headers: { 'x-client-request-id': 'r-1' } })

    assert.deepEqual(
      [reply.status, JSON.parse(reply.body)],
      [status, { type: 'error', request_id: 'r-1', error: { type: told, message } }],
    )
    assert.equal(reply.headers['content-type'], 'application/json')
    const [event] = await rig.relay.audited(1)
    assert.equal(event?.upstream_request_id, 'aws-request-1')
  })
}

test('what another upstream may answer goes to it; what is the request’s own fault does not', async () => {
  const asked: number[] = []
  for (const status of [400, 401, 403, 404, 408, 409, 413, 424, 429, 500, 503]) {
    await using fallback = await startUpstream(() => jsonAnswer({ type: 'message', usage: {} }))
    await using rig = await startBedrock({
      script: () => awsError(status, 'X', 'x'),
      others: [{ base_url: fallback.origin }],
    })
    await post(rig.port)
    if (fallback.requests.length === 1) asked.push(status)
  }

  assert.deepEqual(asked, [401, 403, 404, 429, 500, 503])
})

test('the log names the id that was sent, without the account in it', async () => {
  const arn = `arn:aws:bedrock:us-east-1:${ACCOUNT}:application-inference-profile/a1`
  for (const [model, shown] of [
    ['anthropic.claude-marked', 'anthropic.claude-marked'],
    [arn, '\\[masked\\]'],
  ] as const) {
    await using rig = await startBedrock({
      models: { 'claude-test': model },
      script: () => awsError(400, 'ValidationException', `invalid model identifier ${arn}`),
    })

    await post(rig.port)

    const log = rig.relay.log.lines.join('\n')
    assert.match(log, new RegExp(`refused a request.*"model":"${shown}"`))
    assert.equal(log.includes(ACCOUNT), false)
  }
})

test('a model that Bedrock does not count is asked about once; then the next upstream counts', async () => {
  const words = "The provided model doesn't support counting tokens."
  for (const error of [
    awsError(400, 'ValidationException', words),
    awsError(403, 'AccessDeniedException', 'x'),
  ]) {
    await using fallback = await startUpstream(() => jsonAnswer({ input_tokens: 4 }))
    await using rig = await startBedrock({ script: () => error, others: [{ base_url: fallback.origin }] })
    const count = () => post(rig.port, { path: '/v1/messages/count_tokens', body: BODY })

    const bodies = [(await count()).body, (await count()).body]

    assert.deepEqual(bodies, ['{"input_tokens":4}', '{"input_tokens":4}'])
    assert.deepEqual([rig.bedrock.requests.length, fallback.requests.length], [1, 2])
  }
})

test('a count in an answer that holds none is an answer that ended early', async () => {
  await using rig = await startBedrock({ script: () => jsonAnswer({ inputTokens: 'many' }) })

  const reply = await post(rig.port, { path: '/v1/messages/count_tokens' })

  assert.deepEqual([reply.status, JSON.parse(reply.body).error.type], [502, 'api_error'])
})
