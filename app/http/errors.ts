// What the gateway can refuse, and how code says so.
import type { OutgoingHttpHeaders } from 'node:http'

const CLOSE = { connection: 'close' } as const
// Without it the client repeats a refused request for minutes.
const NO_RETRY = { 'x-should-retry': 'false' } as const
const BAD_TOKEN = { 'www-authenticate': 'Bearer error="invalid_token"', ...NO_RETRY } as const

/** A row of the table: what every refusal with this code has in common. */
export interface RefusalRow {
  readonly status: number
  /** The messages shape's `error.type`; `oauth` marks codes that only sign-in uses. */
  readonly type: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the body of the messages shape is without `request_id`: clients know these two so. */
  readonly hidesRequestId?: true
}

/**
 * Everything the gateway can refuse, with its status and `error.type`. Nobody else sets an error status.
 *
 * Codes of the `oauth` shape are the wire's own `error` values (RFC 6749 section 5.2, RFC 8628 section 3.5).
 */
export const REFUSALS = {
  bad_request: { status: 400, type: 'invalid_request_error', headers: CLOSE },
  invalid_json: { status: 400, type: 'invalid_request_error' },
  not_an_object: { status: 400, type: 'invalid_request_error' },
  repeated_member: { status: 400, type: 'invalid_request_error' },
  model_required: { status: 400, type: 'invalid_request_error' },
  model_not_string: { status: 400, type: 'invalid_request_error' },
  model_denied: { status: 400, type: 'invalid_request_error' },
  model_unknown: { status: 400, type: 'invalid_request_error' },
  input_too_long: { status: 400, type: 'invalid_request_error' },
  guardrail_field: { status: 400, type: 'invalid_request_error' },
  invalid_field: { status: 400, type: 'invalid_request_error' },
  missing_bearer: {
    status: 401,
    type: 'authentication_error',
    headers: { 'www-authenticate': 'Bearer', ...NO_RETRY },
  },
  invalid_bearer: { status: 401, type: 'authentication_error', headers: BAD_TOKEN },
  revoked_bearer: { status: 401, type: 'authentication_error', headers: BAD_TOKEN },
  admin_unauthenticated: { status: 401, type: 'authentication_error' },
  forbidden: { status: 403, type: 'permission_error' },
  admin_forbidden: { status: 403, type: 'permission_error' },
  not_found: { status: 404, type: 'not_found_error' },
  not_countable: { status: 404, type: 'not_found_error' },
  unknown_limit: { status: 404, type: 'not_found_error' },
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  request_timeout: { status: 408, type: 'timeout_error', headers: CLOSE },
  conflict: { status: 409, type: 'conflict_error' },
  length_required: { status: 411, type: 'invalid_request_error' },
  request_too_large: { status: 413, type: 'request_too_large' },
  uri_too_long: { status: 414, type: 'invalid_request_error' },
  unsupported_encoding: { status: 415, type: 'invalid_request_error' },
  over_budget: { status: 429, type: 'billing_error', headers: NO_RETRY, hidesRequestId: true },
  spend_unavailable: {
    status: 429,
    type: 'billing_error',
    headers: { ...NO_RETRY, 'anthropic-ratelimit-unified-overage-disabled-reason': 'fetch_error' },
    hidesRequestId: true,
  },
  budget_held: { status: 429, type: 'rate_limit_error', headers: { 'retry-after': '5' } },
  headers_too_large: { status: 431, type: 'invalid_request_error', headers: CLOSE },
  internal: { status: 500, type: 'api_error' },
  not_supported: { status: 501, type: 'not_supported', headers: NO_RETRY },
  upstream_ended_early: { status: 502, type: 'api_error' },
  upstreams_exhausted: { status: 502, type: 'api_error' },
  store_unavailable: { status: 503, type: 'api_error', headers: { 'retry-after': '5' } },
  draining: { status: 503, type: 'api_error', headers: { ...CLOSE, 'retry-after': '1' } },
  saturated: { status: 503, type: 'api_error' },
  invalid_request: { status: 400, type: 'oauth' },
  unsupported_grant_type: { status: 400, type: 'oauth' },
  authorization_pending: { status: 400, type: 'oauth' },
  expired_token: { status: 400, type: 'oauth' },
  access_denied: { status: 400, type: 'oauth' },
  slow_down: { status: 429, type: 'oauth' },
  invalid_grant: { status: 401, type: 'oauth' },
  temporarily_unavailable: { status: 503, type: 'oauth', headers: { 'retry-after': '5' } },
} as const satisfies Record<string, RefusalRow>

export type RefusalCode = keyof typeof REFUSALS

/**
 * A decision not to serve a request. `message` is for the developer; `cause` is for the log and never leaves.
 *
 * Thrown where the refusal is decided; only the error handler writes the body.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  readonly headers: OutgoingHttpHeaders
  /** Overrides the table's status, for the few codes whose status depends on the route (S-13). */
  readonly status: number

  constructor(code: RefusalCode, message: string, options: RefusalOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.headers = options.headers ?? {}
    this.status = options.status ?? REFUSALS[code].status
  }
}

interface RefusalOptions {
  readonly headers?: OutgoingHttpHeaders
  readonly cause?: unknown
  readonly status?: number
}
