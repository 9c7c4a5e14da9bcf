import { ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client'

/** What was asked of the identity provider. */
export type IdpStep = 'discovery' | 'jwks' | 'token' | 'userinfo' | 'revocation'

type NetworkCause = 'dns' | 'proxy' | 'refused' | 'tls' | 'guard' | 'timeout' | 'broken'

/** Why there is no usable answer. Everything above `timeout` means that no connection was had. */
export type IdpFault =
  | { readonly kind: 'network'; readonly cause: NetworkCause }
  | { readonly kind: 'status'; readonly status: number }
  /** An OAuth error (RFC 6749 section 5.2) below status 500. `detail` is the provider's own number for it. */
  | { readonly kind: 'error'; readonly status: number; readonly error: string; readonly detail?: string }
  | { readonly kind: 'bad_answer'; readonly what: 'malformed' | 'too_long' | 'redirect' }

/** A question to the identity provider that failed. Holds no token, claim or text of the provider's. */
export class IdpFailure extends Error {
  override readonly name = 'IdpFailure'
  readonly step: IdpStep
  readonly fault: IdpFault

  constructor(step: IdpStep, fault: IdpFault, cause?: unknown) {
    super(`the identity provider's ${step} answer: ${faultWord(fault)}`, { cause })
    this.step = step
    this.fault = fault
  }
}

/** The fault in one word: an error code, a status, or what the network did. */
function faultWord(fault: IdpFault): string {
  switch (fault.kind) {
    case 'network':
      return fault.cause
    case 'status':
      return String(fault.status)
    case 'error':
      return fault.error
    case 'bad_answer':
      return fault.what
  }
}

/** What a failed question means for a session (S-56). */
export type Consequence = 'ended' | 'unavailable' | 'misconfigured'

// RFC 6749 section 5.2 and OIDC Core section 3.1.2.6: the person must sign in again.
const ENDED = ['invalid_grant', 'interaction_required', 'login_required', 'consent_required']
// RFC 6749 section 4.1.2.1: codes with the meaning of 503 and 500, sent below 500 by some.
const PASSING = ['temporarily_unavailable', 'server_error', 'slow_down']

export function consequenceOf(fault: IdpFault): Consequence {
  if (fault.kind === 'network') return 'unavailable'
  if (fault.kind === 'bad_answer') return fault.what === 'redirect' ? 'misconfigured' : 'unavailable'
  if (fault.status >= 500 || fault.status === 429 || fault.status === 408) return 'unavailable'
  if (fault.kind === 'status') return 'misconfigured'
  if (ENDED.includes(fault.error)) return 'ended'
  return PASSING.includes(fault.error) ? 'unavailable' : 'misconfigured'
}

/** The failure as the audit line tells it. */
export function factsOf({ step, fault }: IdpFailure): { err: string; step: string; answer: string } {
  const answer = faultWord(fault)
  if (fault.kind === 'bad_answer') return { err: 'idp_bad_answer', step, answer }
  if (fault.kind === 'network')
    return { err: fault.cause === 'timeout' ? 'idp_timeout' : 'idp_unreachable', step, answer }
  return { err: consequenceOf(fault) === 'unavailable' ? 'idp_unavailable' : 'idp_refused', step, answer }
}

/** Turns whatever a call threw into an IdpFailure. */
export async function failureOf(step: IdpStep, thrown: unknown): Promise<IdpFailure> {
  const known = chainOf(thrown).find(error => error instanceof IdpFailure)
  if (known) return known
  return new IdpFailure(step, await faultOf(thrown), thrown)
}

async function faultOf(thrown: unknown): Promise<IdpFault> {
  if (thrown instanceof ResponseBodyError) {
    return oauthError(thrown.status, { error: thrown.error, error_description: thrown.error_description })
  }
  // Beside a challenge, the error itself is in the body (invalid_client, RFC 6749 section 5.2).
  if (thrown instanceof WWWAuthenticateChallengeError) {
    const body: unknown = await thrown.response.json().catch(() => null)
    return isObject(body) ? oauthError(thrown.status, body) : { kind: 'status', status: thrown.status }
  }
  if (thrown instanceof ClientError && thrown.cause instanceof Response && thrown.cause.status !== 200) {
    return { kind: 'status', status: thrown.cause.status }
  }
  return transportFault(thrown)
}

function oauthError(status: number, body: { error?: unknown; error_description?: unknown }): IdpFault {
  const { error, error_description: description } = body
  if (typeof error !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(error)) return { kind: 'status', status }
  // Entra opens its descriptions with the number that its documentation explains: `AADSTS50105: …`.
  const detail =
    typeof description === 'string' ? /^[A-Z]{2,10}\d{3,8}(?=:)/.exec(description)?.[0] : undefined
  return { kind: 'error', status, error, ...(detail !== undefined && { detail }) }
}

function transportFault(thrown: unknown): IdpFault {
  const errors = chainOf(thrown)
  const codes = errors.map(error => ('code' in error && typeof error.code === 'string' ? error.code : ''))
  const has = (pattern: RegExp) => codes.some(code => pattern.test(code))
  if (has(/^ECONNREFUSED_SSRF$/)) return { kind: 'network', cause: 'guard' }
  if (has(/^ERR_FORWARD_PROXY$/)) return { kind: 'network', cause: 'proxy' }
  if (has(/^(ENOTFOUND|EAI_|ENODATA)/)) return { kind: 'network', cause: 'dns' }
  if (has(/^ECONNREFUSED$/)) return { kind: 'network', cause: 'refused' }
  if (has(/^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)/)) {
    return { kind: 'network', cause: 'tls' }
  }
  if (has(/TIMEOUT|TIMEDOUT/) || errors.some(error => error.name === 'TimeoutError')) {
    return { kind: 'network', cause: 'timeout' }
  }
  if (has(/^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/)) return { kind: 'network', cause: 'broken' }
  if (has(/^ERR_UNEXPECTED_REDIRECT$/)) return { kind: 'bad_answer', what: 'redirect' }
  if (has(/^ERR_ANSWER_TOO_LONG$/)) return { kind: 'bad_answer', what: 'too_long' }
  const isMalformed = errors.some(error => error instanceof SyntaxError) || has(/^OAUTH_/)
  return isMalformed ? { kind: 'bad_answer', what: 'malformed' } : { kind: 'network', cause: 'broken' }
}

// An error, its causes, and the parts of an aggregate (a name with several addresses), at most 16 in all.
function chainOf(thrown: unknown): readonly Error[] {
  const found: Error[] = []
  const waiting: unknown[] = [thrown]
  while (waiting.length > 0 && found.length < 16) {
    const next = waiting.shift()
    if (!(next instanceof Error)) continue
    found.push(next)
    waiting.push(next.cause, ...(next instanceof AggregateError ? next.errors : []))
  }
  return found
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
