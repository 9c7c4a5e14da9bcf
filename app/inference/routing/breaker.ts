// A circuit breaker as a value: when an upstream is set aside for a model, and what brings it back.

export interface BreakerRules {
  /** Failed attempts in a row after which it opens; 0 = never. */
  readonly failures: number
  /** From opening to the probe, in milliseconds. */
  readonly openMs: number
}

export interface Breaker {
  /** Attempts in a row without a first byte. */
  readonly failures: number
  /** Answers in a row that broke off after their first byte. */
  readonly breaks: number
  /** Set aside until then, and afterwards until a trial is answered; null while in use. */
  readonly openUntil: number | null
  /** The one request that may find out is under way. */
  readonly isProbing: boolean
}

/** One attempt that came to something. */
export interface Happening {
  /** A clock that only goes forward, in milliseconds. */
  readonly now: number
  /** Whether it was sent although the upstream was set aside. Only such attempts change an open breaker. */
  readonly isTrial: boolean
  readonly rules: BreakerRules
}

export const IN_USE: Breaker = { failures: 0, breaks: 0, openUntil: null, isProbing: false }

/** `due`: the next request may probe. */
export type Standing = 'in_use' | 'open' | 'due' | 'probing'

export function standingOf({ openUntil, isProbing }: Breaker, now: number): Standing {
  if (openUntil === null) return 'in_use'
  if (isProbing) return 'probing'
  return now >= openUntil ? 'due' : 'open'
}

/** The first byte of an answer came. */
export function afterAnswer(breaker: Breaker, { isTrial }: Pick<Happening, 'isTrial'>): Breaker {
  if (breaker.openUntil !== null) return isTrial ? IN_USE : breaker
  return breaker.failures === 0 ? breaker : { ...breaker, failures: 0 }
}

/** An answer ended as it should. */
export function afterEnd(breaker: Breaker): Breaker {
  return breaker.openUntil !== null || breaker.breaks === 0 ? breaker : { ...breaker, breaks: 0 }
}

/** No answer came, or one that says that the upstream is in trouble. */
export function afterFailure(breaker: Breaker, happening: Happening): Breaker {
  return counted(breaker, { ...breaker, failures: breaker.failures + 1 }, happening)
}

/** An answer broke off. */
export function afterBreak(breaker: Breaker, happening: Happening): Breaker {
  return counted(breaker, { ...breaker, breaks: breaker.breaks + 1 }, happening)
}

/** A request sets out to find out whether the upstream is back; no other does until its outcome is known. */
export function withProbe(breaker: Breaker): Breaker {
  return { ...breaker, isProbing: true }
}

/** The trial ended without saying anything about the upstream, as its client left. */
export function withoutProbe(breaker: Breaker): Breaker {
  return breaker.isProbing ? { ...breaker, isProbing: false } : breaker
}

function counted(before: Breaker, after: Breaker, { now, isTrial, rules }: Happening): Breaker {
  if (before.openUntil !== null) return isTrial ? opened(now, rules) : before
  const isEnough = rules.failures > 0 && Math.max(after.failures, after.breaks) >= rules.failures
  return isEnough ? opened(now, rules) : after
}

function opened(now: number, { openMs }: BreakerRules): Breaker {
  return { ...IN_USE, openUntil: now + openMs }
}
