// What a replica remembers of its own refreshes, for when the store cannot tell.
import type { Clock } from '../lib/clock.ts'
import { SHARE_SECONDS } from './generation.ts'
import type { RefreshToken } from './refresh-token.ts'
import type { Renewed } from './renewal.ts'

const MAX_ENTRIES = 10_000

type Generation = Pick<RefreshToken, 'sid' | 'gen'>

interface Entry {
  readonly renewed: Renewed
  readonly at: number
  readonly isPublished: boolean
}

/**
 * What this replica brought from the identity provider a moment ago, for the time when the store cannot tell
 * (S-59): a second terminal's token would otherwise reach an IdP that may take it for a stolen one.
 */
export class RecentRenewals {
  readonly #entries = new Map<string, Entry>()
  readonly #clock: Clock
  readonly #graceSeconds: number

  constructor(clock: Clock, graceSeconds: number) {
    this.#clock = clock
    this.#graceSeconds = graceSeconds
  }

  add(from: Generation, renewed: Renewed, { isPublished }: { isPublished: boolean }): void {
    // As in the store, only the immediately previous generation has a grace.
    if (renewed.gen > from.gen) this.#entries.delete(keyOf({ sid: from.sid, gen: from.gen - 1 }))
    this.#entries.delete(keyOf(from))
    this.#entries.set(keyOf(from), { renewed, at: this.#clock(), isPublished })
    for (const [oldest, { at }] of this.#entries) {
      const isOver = this.#clock() - at > this.#windowSeconds * 1000
      if (!isOver && this.#entries.size <= MAX_ENTRIES) break
      this.#entries.delete(oldest)
    }
  }

  /** What `from` brought; while the store answers, only what it was never told. */
  find(from: Generation, { isStoreUp }: { isStoreUp: boolean }): Renewed | null {
    const entry = this.#entries.get(keyOf(from))
    if (entry === undefined || (isStoreUp && entry.isPublished)) return null
    const isRotated = entry.renewed.gen > from.gen
    const seconds = isRotated ? this.#graceSeconds : SHARE_SECONDS
    return this.#clock() - entry.at <= seconds * 1000 ? entry.renewed : null
  }

  get #windowSeconds(): number {
    return Math.max(this.#graceSeconds, SHARE_SECONDS)
  }
}

function keyOf({ sid, gen }: Generation): string {
  return `${sid} ${gen}`
}
