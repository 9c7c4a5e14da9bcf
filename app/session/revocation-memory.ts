// The withdrawn keys one replica holds, and which of them it may forget.
import type { Clock } from '../lib/clock.ts'
import type { RevokedSession } from '../store/revoked-sessions.ts'

export interface RevocationMemoryOptions {
  /** Beyond this number, keys too old to concern a bearer are dropped. */
  readonly maxEntries: number
  /** How long a row of the store counts. */
  readonly lifetimeSeconds: number
  /** The life of a bearer. */
  readonly bearerSeconds: number
  readonly clock: Clock
}

/**
 * Withdrawn keys with the time they were withdrawn.
 *
 * The number has a bound, but a key that some bearer may still carry is never dropped for it: each of those
 * was paid for with a genuine token, so they are as many as people sign out in `bearerSeconds`.
 */
export function createRevocationMemory({
  maxEntries,
  lifetimeSeconds,
  bearerSeconds,
  clock,
}: RevocationMemoryOptions) {
  const revokedAt = new Map<string, number>()
  let newest: Date | null = null
  let forgottenUpTo = Number.NEGATIVE_INFINITY
  let tidiedAt = clock()

  function dropOlderThan(time: number): boolean {
    const before = revokedAt.size
    for (const [key, at] of revokedAt) if (at < time) revokedAt.delete(key)
    return revokedAt.size < before
  }

  return {
    lifetimeSeconds,

    has: (key: string): boolean => revokedAt.has(key),

    /** Milliseconds since the Unix epoch; minus infinity for a key that is not withdrawn. */
    revokedAtMs: (key: string): number => revokedAt.get(key) ?? Number.NEGATIVE_INFINITY,

    /** The youngest time seen in the store: where the next poll goes on. */
    get newest(): Date | null {
      return newest
    },

    /** Reports whether every unexpired key is held. */
    get isWhole(): boolean {
      return forgottenUpTo + lifetimeSeconds * 1000 < clock()
    },

    learn(revoked: readonly RevokedSession[]): void {
      for (const { key, revokedAt: at } of revoked) revokedAt.set(key, at.getTime())
    },

    /** As `learn`, for rows that the store told in order of time. */
    follow(revoked: readonly RevokedSession[]): void {
      this.learn(revoked)
      newest = revoked.at(-1)?.revokedAt ?? newest
    },

    /** Notes that keys withdrawn at `time` or before may be missing. */
    forgetBefore(time: Date): void {
      forgottenUpTo = Math.max(forgottenUpTo, time.getTime())
    },

    /** Drops what has expired, once a minute, and whatever the bound demands. */
    tidy(): void {
      if (clock() - tidiedAt >= 60_000) {
        tidiedAt = clock()
        dropOlderThan(clock() - lifetimeSeconds * 1000)
      }
      const bearerHorizon = clock() - bearerSeconds * 1000
      if (revokedAt.size > maxEntries && dropOlderThan(bearerHorizon)) {
        forgottenUpTo = Math.max(forgottenUpTo, bearerHorizon)
      }
    },
  }
}
