// What Google last answered: in this replica's memory, and in the store for all of them.
import { hash } from 'node:crypto'
import type { Pool } from 'pg'
import type { Clock } from '../../lib/clock.ts'
import { type Condition, createCondition } from '../../lib/condition.ts'
import { withDeadline } from '../../lib/deadline.ts'
import type { Log } from '../../lib/log.ts'
import { dropCachedGroups, findCachedGroups, keepCachedGroups } from '../../store/google-group-cache.ts'

export interface RememberedGroupsOptions {
  /** Null keeps everything in memory. */
  readonly pool: Pool | null
  readonly clock: Clock
  readonly log: Log
  /** How many people at most; default 10,000. */
  readonly maxPeople?: number
  /** How many characters of groups at most; default 16,777,216. */
  readonly maxCharacters?: number
}

export interface Remembered {
  readonly groups: readonly string[]
  /** When Google answered, by this replica's clock. */
  readonly at: number
}

/** A store that is silent must not take the time of the look-up itself. */
const STORE_MS = 1000

/**
 * Remembers people's groups by address. A store that fails is one memory less: it is logged, and nobody waits.
 */
export class RememberedGroups {
  readonly #options: Required<RememberedGroupsOptions>
  readonly #people = new Map<string, Remembered>()
  readonly #failing: Condition
  #characters = 0

  constructor({ maxPeople = 10_000, maxCharacters = 16_777_216, ...options }: RememberedGroupsOptions) {
    this.#options = { ...options, maxPeople, maxCharacters }
    this.#failing = createCondition({ ...options, text: 'the store cannot share the groups of Google' })
  }

  /** What this replica knows. */
  inMemory(address: string): Remembered | null {
    return this.#people.get(address) ?? null
  }

  /** What any replica knows, if that is newer than what this one does. */
  async anywhere(address: string): Promise<Remembered | null> {
    const { pool, clock } = this.#options
    const known = this.inMemory(address)
    const stored = pool === null ? null : await this.#tryStore(findCachedGroups(pool, keyOf(address)))
    if (stored === null) return known
    const found = { groups: stored.groups, at: clock() - stored.ageMs }
    if (known !== null && known.at >= found.at) return known
    this.#note(address, found)
    return found
  }

  /** Remembers what Google answered now; resolves when the store knows too, or cannot. */
  async keep(address: string, groups: readonly string[]): Promise<void> {
    const { pool, clock } = this.#options
    this.#note(address, { groups, at: clock() })
    if (pool !== null) await this.#tryStore(keepCachedGroups(pool, keyOf(address), groups))
  }

  /** Forgets somebody whom the directory does not know any more. */
  async forget(address: string): Promise<void> {
    const { pool } = this.#options
    this.#drop(address)
    if (pool !== null) await this.#tryStore(dropCachedGroups(pool, keyOf(address)))
  }

  async #tryStore<T>(asked: Promise<T>): Promise<T | null> {
    try {
      const answer = await withDeadline(asked, STORE_MS)
      this.#failing.ended()
      return answer
    } catch (error) {
      this.#failing.occurred({ cause: error instanceof Error ? error.message : String(error) })
      return null
    }
  }

  /** The oldest go first: a map keeps the order of writing. */
  #note(address: string, remembered: Remembered): void {
    const { maxPeople, maxCharacters } = this.#options
    this.#drop(address)
    this.#people.set(address, remembered)
    this.#characters += charactersOf(remembered)
    for (const [oldest] of this.#people) {
      if (this.#people.size <= maxPeople && this.#characters <= maxCharacters) return
      this.#drop(oldest)
    }
  }

  #drop(address: string): void {
    const before = this.#people.get(address)
    if (before === undefined) return
    this.#people.delete(address)
    this.#characters -= charactersOf(before)
  }
}

/** No table but `principal_emails` holds addresses of people (M-64). */
function keyOf(address: string): Buffer {
  return hash('sha256', address, 'buffer')
}

function charactersOf({ groups }: Remembered): number {
  return groups.reduce((sum, group) => sum + group.length, 0)
}
