// The reservations of this replica, which are kept while their requests run.
import type pg from 'pg'
import type { Clock } from '../lib/clock.ts'
import { type Condition, createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import type { StoreObserver } from '../store/observer.ts'
import { renewHolds, sweepHolds } from '../store/spend-holds.ts'
import { type Every, machineTimer } from '../store/sweeper.ts'

export interface HoldsOptions {
  readonly pool: pg.Pool
  readonly log: Log
  readonly clock: Clock
  /** Null, the default, when nobody measures. */
  readonly observer?: Pick<StoreObserver, 'swept'> | null
  /** The machine's timer by default. */
  readonly every?: Every
  /** How many holds are renewed; those beyond live for 90 seconds. Default 100,000. */
  readonly maxKept?: number
}

/** A hold lives for 90 seconds without being renewed (M-41): two renewals may fail. */
const RENEW_MS = 30_000

/** How many holds one statement gives back. */
const BATCH = 1000

/** A sweep that cannot keep up goes on at the next renewal. */
const MAX_BATCHES = 100

/**
 * What this replica has reserved, by entry; settling gives it back.
 *
 * Nothing here throws or makes a request wait. Whatever goes wrong, a hold that is not renewed expires, and any replica frees it.
 */
export class Holds {
  readonly #options: Required<HoldsOptions>
  readonly #failing: Condition
  readonly #kept = new Set<string>()
  #renewing: Promise<void> | null = null
  #isClosed = false
  readonly #end: () => void

  /** Every 30 seconds it renews what it keeps, and frees what no replica renewed in time. */
  constructor(options: HoldsOptions) {
    this.#options = { ...{ observer: null, every: machineTimer, maxKept: 100_000 }, ...options }
    this.#failing = createCondition({ ...options, text: 'reservations cannot be renewed' })
    this.#end = this.#options.every(RENEW_MS, () => {
      this.#renewing ??= this.#renewAndSweep()
      return this.#renewing
    })
  }

  /** The store holds money for this entry: it is renewed from now on. */
  keep(entryId: string): void {
    if (this.#kept.size < this.#options.maxKept) this.#kept.add(entryId)
  }

  /** The request is over, and its hold is being given back. */
  leave(entryId: string): void {
    this.#kept.delete(entryId)
  }

  /** Renews nothing more, as soon as the statement under way is answered. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#end()
    await this.#renewing
  }

  async #renewAndSweep(): Promise<void> {
    try {
      await this.#renew()
      await this.#sweep()
      this.#failing.ended()
    } catch (error) {
      this.#failing.occurred({ cause: error instanceof Error ? error.message : String(error) })
    }
    this.#renewing = null
  }

  async #renew(): Promise<void> {
    if (this.#kept.size === 0) return
    const asked = [...this.#kept]
    const renewed = new Set(await renewHolds(this.#options.pool, asked))
    // A request that ended meanwhile has lost nothing.
    const lost = asked.filter(entryId => !renewed.has(entryId) && this.#kept.delete(entryId))
    if (lost.length === 0) return
    const text = 'running requests lost their reservations, which were not renewed in time'
    this.#options.log.warn(text, { requests: lost.length })
  }

  async #sweep(): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES && !this.#isClosed; batch += 1) {
      const freed = await sweepHolds(this.#options.pool, BATCH)
      this.#options.observer?.swept('spend_holds', freed)
      if (freed < BATCH) return
    }
  }
}
