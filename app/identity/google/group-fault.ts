// Why a look-up at Google failed: one of few reasons, with the evidence that tells a person what to mend.
import { causeCode } from '../../lib/cause-code.ts'
import { masked } from '../../lib/masked.ts'
import { printable } from '../../lib/printable.ts'
import type { ApiAnswer } from '../../net/google-apis.ts'
import type { GroupLookupFailure } from '../group-lookup.ts'

/** Which of the requests behind a look-up failed. */
export type GroupStep =
  | 'credentials'
  | 'generateAccessToken'
  | 'signJwt'
  | 'token'
  | 'directory'
  | 'cloudidentity'

export interface GroupFault {
  readonly reason: GroupLookupFailure
  readonly step: GroupStep
  /** Of Google's answer; absent when there was none, or when it was no answer to the question. */
  readonly status?: number
  /** Google's word for it, such as `unauthorized_client`, `SERVICE_DISABLED`, `ECONNREFUSED`. */
  readonly code?: string
  /** What Google, or our own credentials, said in a sentence; never about a person. */
  readonly detail?: string
}

/** Carries a fault up to whoever answers for the look-up. */
export class GroupLookupFault extends Error {
  override readonly name = 'GroupLookupFault'
  readonly fault: GroupFault

  constructor(fault: GroupFault) {
    super([fault.reason, fault.step, fault.status, fault.code].filter(part => part !== undefined).join(' '))
    this.fault = fault
  }
}

/** What S-43 counts as a quota. */
const QUOTA_CODES = new Set(['quotaExceeded', 'rateLimitExceeded', 'userRateLimitExceeded'])

/** Reports whether the same request may succeed a moment later (S-43). */
export function isPassing({ status, body }: ApiAnswer): boolean {
  if (status === 429 || status === 503) return true
  return status === 403 && codesIn(body).some(code => QUOTA_CODES.has(code))
}

/** What an API's refusal means, after the retries. */
export function apiFault(step: GroupStep, answer: ApiAnswer): GroupFault {
  const { status, body } = answer
  const [code] = codesIn(body)
  // What a directory says may be about the person who was looked up; what IAM says is about our own account.
  const said = step === 'directory' || step === 'cloudidentity' ? undefined : messageIn(body)
  const evidence = { step, status, ...(code !== undefined && { code }), ...(said && { detail: said }) }
  if (isPassing(answer) || status >= 500) return { reason: 'google_unavailable', ...evidence }
  if (status === 401) return { reason: 'credentials_missing', ...evidence }
  if (step === 'generateAccessToken' || step === 'signJwt') {
    const isDenied = status === 403 || status === 404
    return { reason: isDenied ? 'iam_denied' : 'google_bad_answer', ...evidence }
  }
  if (status === 403) return { reason: 'role_missing', ...evidence }
  if (status === 404) return { reason: 'user_not_in_directory', ...evidence }
  return { reason: 'google_bad_answer', ...evidence }
}

/** What a refusal of the token endpoint means (RFC 6749 section 5.2). */
export function tokenFault(answer: ApiAnswer): GroupFault {
  const { status, body } = answer
  const code = textIn(body, 'error')
  const said = textIn(body, 'error_description')
  const evidence = {
    step: 'token' as const,
    status,
    ...(code !== undefined && { code: printable(code, 60) }),
    ...(said !== undefined && { detail: shown(said) }),
  }
  if (isPassing(answer) || status >= 500) return { reason: 'google_unavailable', ...evidence }
  if (code === 'unauthorized_client' || code === 'access_denied' || code === 'invalid_scope') {
    return { reason: 'delegation_missing', ...evidence }
  }
  if (code !== 'invalid_grant') return { reason: 'google_bad_answer', ...evidence }
  // Google has one code for a clock that is wrong, a key that is gone and an administrator who is; G-45 goes by the words.
  if (/short-lived token/i.test(said ?? '')) return { reason: 'clock_wrong', ...evidence }
  if (/signature|account not found/i.test(said ?? '')) return { reason: 'credentials_missing', ...evidence }
  return { reason: 'admin_invalid', ...evidence }
}

/** No answer came: a broken connection, a deadline, or the SSRF guard. */
export function silentFault(step: GroupStep, error: unknown): GroupFault {
  const code = causeCode(error)
  return { reason: 'google_unavailable', step, ...(code !== undefined && { code }) }
}

/** A 200 that is no answer to what was asked. */
export function malformedFault(step: GroupStep, code: string): GroupFault {
  return { reason: 'google_bad_answer', step, code }
}

/** From the most to the least telling: `details[].reason`, `errors[].reason`, `status`. */
function codesIn(body: unknown): string[] {
  const error = memberOf(body, 'error')
  const reasons = [memberOf(error, 'details'), memberOf(error, 'errors')]
    .flatMap(list => (Array.isArray(list) ? list.slice(0, 10) : []))
    .map(entry => memberOf(entry, 'reason'))
  return [...reasons, memberOf(error, 'status')]
    .filter(code => typeof code === 'string')
    .filter(code => /^\w{1,60}$/.test(code))
}

function messageIn(body: unknown): string | undefined {
  const said = textIn(memberOf(body, 'error'), 'message')
  return said === undefined ? undefined : shown(said)
}

function shown(text: string): string {
  return masked(printable(text, 200))
}

function textIn(value: unknown, key: string): string | undefined {
  const text = memberOf(value, key)
  return typeof text === 'string' && text !== '' ? text : undefined
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined
}
