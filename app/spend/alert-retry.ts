// When an alert that was not taken is sent again.
import { backoffMs } from '../lib/backoff.ts'

/** What became of one attempt; no status when no answer began. */
export interface AttemptEnd {
  readonly status: number | null
  /** What the receiver asked for; null when nothing. */
  readonly retryAfterMs: number | null
}

export interface Tried {
  readonly attempts: number
  /** Since the alert was raised. */
  readonly ageMs: number
}

/** Alerts are sent for so long; what is older says nothing any more. */
export const MAX_AGE_MS = 86_400_000

/** From seconds, for a receiver that restarts, to an hour, for one that is being repaired. */
const BACKOFF = { firstMs: 5000, longestMs: 3_600_000 }

/** `410 Gone`: the receiver wants no more. */
const GONE = 410

export function isTaken({ status }: AttemptEnd): boolean {
  return status !== null && status >= 200 && status < 300
}

/** Milliseconds until the next attempt, or null when there is none; `random` is from 0 up to 1. */
export function retryAfter(end: AttemptEnd, { attempts, ageMs }: Tried, random: number): number | null {
  if (end.status === GONE) return null
  const ms = backoffMs(BACKOFF, { times: attempts, askedMs: end.retryAfterMs ?? 0, random })
  return ageMs + ms > MAX_AGE_MS ? null : ms
}
