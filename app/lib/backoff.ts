// How long to wait before something that failed is tried again.

export interface Backoff {
  readonly firstMs: number
  readonly longestMs: number
}

export interface Failure {
  /** How often it failed, at least 1. */
  readonly times: number
  /** What the other side asked for; 0 when nothing. */
  readonly askedMs: number
  /** From 0 up to 1. */
  readonly random: number
}

/**
 * The first pause, doubled with each failure, or what the other side asked for if that is longer, and never more than the
 * longest; up to a quarter is added, so that those who failed together do not come together.
 */
export function backoffMs({ firstMs, longestMs }: Backoff, { times, askedMs, random }: Failure): number {
  const pause = Math.min(Math.max(firstMs * 2 ** Math.min(times - 1, 30), askedMs), longestMs)
  return pause + (pause / 4) * random
}
