// What the end of an attempt says about the upstream.
import type { AttemptResult } from '../attempt-result.ts'
import { cooldownOf } from './cooldown.ts'

export interface Verdict {
  /**
   * `failed`: no answer, or a 5xx. `broke_off`: an answer that did not end as it should. `answered`: an error that says
   * nothing about the upstream's health. `unknown`: the client left, or the gateway stopped.
   */
  readonly kind: 'ended' | 'broke_off' | 'failed' | 'answered' | 'unknown'
  /** How long it asks to be left alone, in milliseconds. */
  readonly restMs: number
  /** Whether asking the next one is a repetition that adds load in a crisis, and not just a better address. */
  readonly isTrouble: boolean
}

/** What a fault of our own says about an upstream. */
export const UNKNOWN: Verdict = { kind: 'unknown', restMs: 0, isTrouble: false }

export interface VerdictOptions {
  /** Whether a 429 may have counted the developer named in the request, and so says nothing about others. */
  readonly carriedEmail: boolean
  readonly maxRestMs: number
}

/** 501 says that this is not served there, and is no trouble. */
export function verdictOn(result: AttemptResult, { carriedEmail, maxRestMs }: VerdictOptions): Verdict {
  switch (result.kind) {
    case 'served':
      if (result.outcome === undefined) return { kind: 'ended', restMs: 0, isTrouble: false }
      if (result.outcome === 'upstream_abort') return { kind: 'broke_off', restMs: 0, isTrouble: true }
      return UNKNOWN
    case 'ended_early':
      return { kind: 'broke_off', restMs: 0, isTrouble: true }
    case 'unreachable':
      return { kind: 'failed', restMs: 0, isTrouble: true }
    case 'answered': {
      const isFailure = result.status >= 500 && result.status !== 501
      const isOwn = result.status === 429 && carriedEmail
      return {
        kind: isFailure ? 'failed' : 'answered',
        restMs: isOwn ? 0 : cooldownOf(result, maxRestMs),
        isTrouble: isFailure || result.status === 429,
      }
    }
  }
}
