// The words for an upstream's error whose own body cannot be passed on.
import type { RequestHead } from './upstreams/upstream.ts'

/** `error.type` and `error.message` of the Messages API. */
export interface ErrorText {
  readonly type: string
  readonly message: string
}

const TEXTS: Readonly<Record<number, ErrorText>> = {
  400: { type: 'invalid_request_error', message: 'the upstream refused the request' },
  413: { type: 'request_too_large', message: 'the request is too large for this upstream' },
  401: {
    type: 'authentication_error',
    message: 'the gateway could not sign in to its upstream; tell its operator',
  },
  403: { type: 'permission_error', message: 'the upstream denied the gateway; tell its operator' },
  404: { type: 'not_found_error', message: 'the upstream does not have this model' },
  501: { type: 'not_supported', message: 'the upstream does not support this request' },
  429: { type: 'rate_limit_error', message: 'the upstream is rate limiting the gateway' },
}

const OTHER: ErrorText = { type: 'api_error', message: 'the upstream failed' }

/** Our words for `status`. */
export function wordsFor(status: number): ErrorText {
  return TEXTS[status] ?? OTHER
}

/** The Messages API's error envelope around `error`. */
export function errorBody(error: ErrorText, requestId: string): Buffer {
  return Buffer.from(JSON.stringify({ type: 'error', request_id: requestId, error }))
}

/** The credentials in a request's head, as an upstream might quote them. */
export function credentialsIn({ headers }: RequestHead): readonly string[] {
  const found: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] ?? ''
    if (headers[i] === 'x-api-key') found.push(value)
    else if (headers[i] === 'x-amz-security-token') found.push(value)
    else if (headers[i] === 'authorization') found.push(value.replace(/^(?:Bearer |.* Signature=)/, ''))
  }
  return found
}

/** Reports whether an error's body repeats one of `credentials`: some proxies tell the caller which key they refused. */
export function quotes(body: Buffer, credentials: readonly string[]): boolean {
  return credentials.some(credential => credential.length >= SHORTEST_SECRET && body.includes(credential))
}

// Proxies without keys of their own are given any word, and words occur in errors.
const SHORTEST_SECRET = 8
