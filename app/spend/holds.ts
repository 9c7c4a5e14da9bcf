// The reservations of this replica: kept while their requests run, given back when those end without cost.
import type pg from 'pg'
import type { Clock } from '../lib/clock.ts'
import { type Condition, createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import type { StoreObserver } from '../store/observer.ts'
import { releaseHolds, renewHolds, sweepHolds } from '../store/spend-holds.ts'
import { type Every, machineTimer } from '../store/sweeper.ts'

export interface HoldsOptions {
  readonly pool: pg.Pool
  readonly log: Log
  readonly clock: Clock
  /** Null, the default, when nobody measures. */
  readonly observer?: Pick<StoreObserver, 'swept'> | null
  /** The machine's timer by default. */
  readonly every?: Every
  /** How many holds are renewed; of more than that the latest live for 90 seconds. Default 100,000. */
  readonly maxKept?: number
  /** How many may wait to be given back; those beyond expire by themselves. Default 10,000. */
  readonly maxWaiting?: number
}

/** A hold that is not renewed lives for 90 seconds (M-41): two renewals may fail. */
const RENEW_MS = 30_000

/** How many one statement gives back. */
const BATCH = 1000

/** A sweep that cannot keep up goes on at the next renewal. */
const MAX_BATCHES = 100

/**
 * What this replica has reserved, by entry.
 *
 * Nothing here throws or makes a request wait. Whatever goes wrong, a hold that is not renewed expires, and any replica frees it.
 */
export class Holds {
  readonly #options: Required<HoldsOptions>
  readonly #failing: Condition
  readonly #kept = new Set<string>()
  #waiting: string[] = []
  #releasing: Promise<void> | null = null
  #renewing: Promise<void> | null = null
  #isClosed = false
  readonly #end: () => void

  /** Every 30 seconds it renews what it keeps, and frees what no replica renewed in time. */
  constructor(options: HoldsOptions) {
    const defaults = { observer: null, every: machineTimer, maxKept: 100_000, maxWaiting: 10_000 }
    this.#options = { ...defaults, ...options }
    this.#failing = createCondition({ ...options, text: 'reservations cannot be renewed or given back' })
    this.#end = this.#options.every(RENEW_MS, () => {
      this.#renewing ??= this.#renew()
      return this.#renewing
    })
  }

  /** The store holds money for this entry: it is renewed from now on. */
  keep(entryId: string): void {
    if (this.#kept.size < this.#options.maxKept) this.#kept.add(entryId)
  }

  /** The request is being settled, which gives the hold back with it (M-41). */
  leave(entryId: string): void {
    this.#kept.delete(entryId)
  }

  /** The request ended without cost: its hold, if there is one, is given back soon, together with others. */
  release(entryId: string): void {
    this.#kept.delete(entryId)
    if (this.#isClosed || this.#waiting.length >= this.#options.maxWaiting) return
    this.#waiting.push(entryId)
    this.#releasing ??= this.#releaseAll()
  }

  /** Resolves when nothing waits to be given back any more. */
  async settled(): Promise<void> {
    await this.#releasing
  }

  /** Renews nothing more; what waits is given back. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#end()
    await Promise.all([this.#renewing, this.#releasing])
  }

  async #releaseAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entryIds = this.#waiting.splice(0, BATCH)
      await this.#trying(() => releaseHolds(this.#options.pool, entryIds))
    }
    this.#releasing = null
  }

  async #renew(): Promise<void> {
    await this.#trying(async () => {
      await this.#renewKept()
      await this.#sweep()
    })
    this.#renewing = null
  }

  async #renewKept(): Promise<void> {
    if (this.#kept.size === 0) return
    const asked = [...this.#kept]
    const renewed = new Set(await renewHolds(this.#options.pool, asked))
    const lost = asked.filter(entryId => !renewed.has(entryId) && this.#kept.delete(entryId))
    if (lost.length === 0) return
    this.#options.log.warn('running requests lost their reservations, which were not renewed in time', {
      requests: lost.length,
    })
  }

  async #sweep(): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES && !this.#isClosed; batch += 1) {
      const freed = await sweepHolds(this.#options.pool, BATCH)
      this.#options.observer?.swept('spend_holds', freed)
      if (freed < BATCH) return
    }
  }

  async #trying(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
      this.#failing.ended()
    } catch (error) {
      this.#failing.occurred({ cause: error instanceof Error ? error.message : String(error) })
    }
  }
}
