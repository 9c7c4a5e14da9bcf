import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import type { RouteOptions } from 'fastify'
import { REFUSALS, Refusal, type RefusalCode } from '../../app/http/errors.ts'
import type { RouteFacts } from '../../app/http/route.ts'
import { startListener } from '../support/listener.ts'
import { KeptConnection, type RawAnswer } from '../support/raw-http.ts'

/** Status, `error.type` and further headers of every code, as the manual's table of refusals has them. */
const MANUAL: Record<RefusalCode, [number, string, Record<string, string>?]> = {
  bad_request: [400, 'invalid_request_error', { connection: 'close' }],
  invalid_json: [400, 'invalid_request_error'],
  not_an_object: [400, 'invalid_request_error'],
  repeated_member: [400, 'invalid_request_error'],
  model_required: [400, 'invalid_request_error'],
  model_not_string: [400, 'invalid_request_error'],
  model_denied: [400, 'invalid_request_error'],
  model_unknown: [400, 'invalid_request_error'],
  input_too_long: [400, 'invalid_request_error'],
  guardrail_field: [400, 'invalid_request_error'],
  invalid_field: [400, 'invalid_request_error'],
  missing_bearer: [401, 'authentication_error', { 'www-authenticate': 'Bearer', 'x-should-retry': 'false' }],
  invalid_bearer: [401, 'authentication_error', invalidToken()],
  revoked_bearer: [401, 'authentication_error', invalidToken()],
  admin_unauthenticated: [401, 'authentication_error'],
  forbidden: [403, 'permission_error'],
  admin_forbidden: [403, 'permission_error'],
  not_found: [404, 'not_found_error'],
  not_countable: [404, 'not_found_error'],
  unknown_limit: [404, 'not_found_error'],
  method_not_allowed: [405, 'invalid_request_error'],
  request_timeout: [408, 'timeout_error', { connection: 'close' }],
  conflict: [409, 'conflict_error'],
  length_required: [411, 'invalid_request_error'],
  request_too_large: [413, 'request_too_large'],
  uri_too_long: [414, 'invalid_request_error'],
  unsupported_encoding: [415, 'invalid_request_error'],
  over_budget: [429, 'billing_error', { 'x-should-retry': 'false' }],
  spend_unavailable: [
    429,
    'billing_error',
    { 'x-should-retry': 'false', 'anthropic-ratelimit-unified-overage-disabled-reason': 'fetch_error' },
  ],
  budget_held: [429, 'rate_limit_error', { 'retry-after': '5' }],
  headers_too_large: [431, 'invalid_request_error', { connection: 'close' }],
  internal: [500, 'api_error'],
  not_supported: [501, 'not_supported', { 'x-should-retry': 'false' }],
  upstream_ended_early: [502, 'api_error'],
  upstreams_exhausted: [502, 'api_error'],
  store_unavailable: [503, 'api_error', { 'retry-after': '5' }],
  draining: [503, 'api_error', { connection: 'close', 'retry-after': '1' }],
  saturated: [503, 'api_error'],
  invalid_request: [400, 'oauth'],
  unsupported_grant_type: [400, 'oauth'],
  authorization_pending: [400, 'oauth'],
  expired_token: [400, 'oauth'],
  access_denied: [400, 'oauth'],
  slow_down: [429, 'oauth'],
  invalid_grant: [401, 'oauth'],
  temporarily_unavailable: [503, 'oauth', { 'retry-after': '5' }],
}
const codes = Object.keys(REFUSALS) as RefusalCode[] // the table's own keys

async function refused(refusal: Error, envelope: NonNullable<RouteFacts['envelope']>) {
  const route: RouteOptions = {
    method: 'GET',
    url: '/refused',
    config: { envelope },
    handler: async () => {
      throw refusal
    },
  }
  await using listener = await startListener([route])
  const kept = new KeptConnection(listener.port)
  const answer = await kept.ask('GET /refused HTTP/1.1\r\nHost: g\r\nx-client-request-id: run-7\r\n\r\n')
  kept.close()
  return { answer, log: listener.log.lines }
}

/** The headers that differ between refusals. */
function ownHeaders({ headers }: RawAnswer): Record<string, string> {
  const {
    'x-content-type-options': a,
    'x-frame-options': b,
    'cross-origin-opener-policy': c,
    ...rest
  } = headers
  const { 'content-length': d, date, 'keep-alive': e, connection, ...own } = rest
  assert.deepEqual([a, b, c], ['nosniff', 'DENY', 'same-origin'])
  return connection === 'close' ? { ...own, connection } : own
}

test('the code has exactly the manual’s refusals', () => {
  assert.deepEqual(codes.toSorted(), Object.keys(MANUAL).toSorted())
})

for (const code of codes) {
  const [status, type, headers = {}] = MANUAL[code]
  const isOauth = type === 'oauth'

  test(`${code} is answered as the manual says`, async () => {
    const { answer } = await refused(new Refusal(code, 'the sentence'), isOauth ? 'oauth' : 'messages')

    const body = isOauth
      ? { error: code, error_description: 'the sentence' }
      : {
          type: 'error',
          ...(type !== 'billing_error' && { request_id: 'run-7' }),
          error: { type, message: 'the sentence' },
        }
    assert.equal(answer.status, status)
    assert.equal(answer.body, JSON.stringify(body))
    assert.deepEqual(ownHeaders(answer), {
      'cache-control': 'no-store',
      'content-type': 'application/json',
      'referrer-policy': 'no-referrer',
      'x-request-id': 'run-7',
      ...(isOauth ? { pragma: 'no-cache' } : { 'request-id': 'run-7' }),
      ...headers,
    })
  })
}

test('the headers of a refusal come on top of the table’s', async () => {
  const refusal = new Refusal('slow_down', 'wait', { headers: { 'retry-after': '17' } })

  const { answer } = await refused(refusal, 'oauth')

  assert.equal(answer.headers['retry-after'], '17')
})

test('on a page route a refusal is a page, escaped', async () => {
  const { answer } = await refused(new Refusal('request_too_large', 'a <form> too large'), 'page')

  assert.equal(answer.status, 413)
  assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
  assert.match(answer.body, /role="alert" class="alert">A &lt;form&gt; too large\.</)
  assert.match(answer.body, /run-7/)
})

test('the listener’s refusals on a sign-in route use words of RFC 6749', async () => {
  const words = async (code: RefusalCode) => {
    const { answer } = await refused(new Refusal(code, 'x'), 'oauth')
    return answer.body
  }

  assert.equal(await words('request_too_large'), '{"error":"invalid_request","error_description":"x"}')
  assert.equal(await words('draining'), '{"error":"temporarily_unavailable","error_description":"x"}')
  assert.equal(await words('internal'), '{"error":"server_error","error_description":"x"}')
})

test('a bug is a 500 whose cause only the log names, without credentials', async () => {
  const bug = new Error('cannot use Bearer abc.def.ghi', { cause: new Error('postgres://u:pw@db/x is gone') })

  const { answer, log } = await refused(bug, 'messages')

  assert.equal(answer.status, 500)
  assert.equal(
    answer.body,
    '{"type":"error","request_id":"run-7","error":{"type":"api_error","message":"the gateway met an internal error"}}',
  )
  assert.match(log[0] ?? '', /^error GET \/refused failed: Error: cannot use \[masked\]/)
  assert.match(log[0] ?? '', /postgres:\/\/\[masked\]@db\/x is gone/)
})

test('the cause of an outage is logged when it begins, not per request', async () => {
  const refusal = new Refusal('store_unavailable', 'try again', { cause: new Error('connection refused') })

  const { log } = await refused(refusal, 'messages')

  assert.equal(log.length, 1)
  assert.match(log[0] ?? '', /^warn requests are refused with store_unavailable \{.*connection refused/)
})

function invalidToken(): Record<string, string> {
  return { 'www-authenticate': 'Bearer error="invalid_token"', 'x-should-retry': 'false' }
}

test('on the Admin API the id stands last, and is made of the request’s own', async () => {
  const { answer } = await refused(new Refusal('conflict', 'the sentence'), 'admin')

  // The first 32 digits of the SHA-256 of `run-7`.
  const id = `req_${hash('sha256', 'run-7').slice(0, 32)}`
  const error = { type: 'conflict_error', message: 'the sentence' }
  assert.equal(answer.status, 409)
  assert.equal(answer.body, JSON.stringify({ type: 'error', error, request_id: id }))
  assert.deepEqual(ownHeaders(answer), {
    ...{ 'cache-control': 'no-store', 'content-type': 'application/json', 'referrer-policy': 'no-referrer' },
    ...{ 'request-id': id, 'x-request-id': 'run-7' },
  })
})
