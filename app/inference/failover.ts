import type { UpstreamIds } from './upstream-ids.ts'

/** A failed attempt: the upstream gave no usable answer at all. */
export interface Unreachable {
  readonly kind: 'unreachable'
  readonly upstream: string
  readonly reason: 'connect' | 'timeout' | 'credentials' | 'aborted'
  /** For the log: what went wrong, without secrets. */
  readonly cause: string
}

/** A failed attempt: the upstream answered, with something other than a 2xx. */
export interface ErrorAnswer {
  readonly kind: 'answered'
  readonly upstream: string
  readonly ids: UpstreamIds
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body as received; null when it was too long or broke off, and cannot be passed on. */
  readonly body: Buffer | null
}

export type Failure = Unreachable | ErrorAnswer

/** What became of an attempt, in one word. */
export type AttemptOutcome = 'ok' | '4xx' | '429' | '5xx' | Unreachable['reason']

/** The word for a failure. */
export function failureOutcome(failure: Failure): AttemptOutcome {
  if (failure.kind === 'unreachable') return failure.reason
  if (failure.status === 429) return '429'
  return failure.status < 500 ? '4xx' : '5xx'
}

/**
 * Reports whether an error answer is the upstream's matter, so that the next upstream is asked.
 *
 * 401 and 403 say that *our* credential failed there. 404 counts because a later upstream may serve the model.
 * A redirect is a misconfigured upstream. A 429 that counted a named developer against a limit of their own is
 * theirs: elsewhere they would get around it.
 */
export function asksNext(status: number, options: { carriedEmail: boolean }): boolean {
  if (status === 429) return !options.carriedEmail
  if (status === 401 || status === 403 || status === 404) return true
  return status >= 500 || (status >= 300 && status < 400)
}

/**
 * The answer to pass on when every attempt failed, or null for "no upstream could answer".
 *
 * The last 429; else the last 401 or 403; else the last 404; else the last 501.
 */
export function finalAnswer(failures: readonly Failure[]): ErrorAnswer | null {
  for (const wanted of ANSWERS_WORTH_PASSING_ON) {
    const last = failures.findLast(failure => failure.kind === 'answered' && wanted.includes(failure.status))
    if (last?.kind === 'answered') return last
  }
  return null
}

const ANSWERS_WORTH_PASSING_ON: readonly (readonly number[])[] = [[429], [401, 403], [404], [501]]
