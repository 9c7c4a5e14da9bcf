// Stores what requests used, exactly once: entries wait in a bounded queue and are committed in groups.
import type pg from 'pg'
import type { Audit } from '../audit/events.ts'
import type { Clock } from '../lib/clock.ts'
import { type Condition, createCondition } from '../lib/condition.ts'
import { withDeadline } from '../lib/deadline.ts'
import { GrowingPause } from '../lib/growing-pause.ts'
import type { Log } from '../lib/log.ts'
import { type SettleFault, settleFault } from '../store/settle-fault.ts'
import { type Settling, settleAndAlert, settleSpend } from '../store/spend-entries.ts'
import type { Alerts } from './alerts.ts'
import type { Entry } from './entry.ts'
import { type Batch, LedgerQueue, MAX_ENTRIES } from './ledger-queue.ts'
import type { SpendObserver, UnsettledReason } from './observer.ts'

export interface LedgerOptions {
  readonly pool: pg.Pool
  readonly audit: Audit
  readonly log: Log
  /** A clock that only goes forward. */
  readonly clock: Clock
  /** Null when nobody measures. */
  readonly observer: Pick<SpendObserver, 'settled' | 'unsettled'> | null
  /** `gatehouse.spend.queue_entries`. */
  readonly maxEntries: number
  /** `gatehouse.spend.settle_timeout_ms`: how long an answer waits for its entry; 0 = not at all. */
  readonly settleTimeoutMs: number
  /** Resolves when the audit's events so far are out of this process's hands; at once by default. */
  readonly auditWritten?: () => Promise<void>
  /** Null, the default, where no share of a cap raises one. */
  readonly alerts?: Alerts | null
  /** The machine's timer by default. */
  readonly after?: After
}

/** Calls `action` once, `ms` from now, unless what it answers is called before. */
export type After = (ms: number, action: () => void) => () => void

/** Pauses after a failure, and what they grow to (M-35); a process that ends has no time for long ones. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 30_000
const LONGEST_PAUSE_AT_THE_END_MS = 500

/** So soon after a failure no answer asks whether the store is back. */
const REST_MS = 1000

/** Of the time that a process leaves for storing, for writing down what could not be stored. */
const WRITING_PERCENT = 30

/** Deadlocks in a row after which the store is left alone for a while. */
const MAX_COLLISIONS = 10

export class Ledger {
  readonly #options: LedgerOptions
  readonly #after: After
  readonly #queue: LedgerQueue
  readonly #silence: Condition
  readonly #overflow: Condition
  readonly #pause = new GrowingPause(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
  #isFlushing = false
  /** Whether the last thing heard of the store was a fault. */
  #isFailing = false
  #failedAt = 0
  #isStopped = false
  /** Ends the pause after a failure. */
  #cancelPause: (() => void) | null = null
  #collisions = 0
  #limit = MAX_ENTRIES
  #drained = () => {}

  constructor(options: LedgerOptions) {
    const { log, clock } = options
    this.#options = options
    this.#after = options.after ?? machineAlarm
    this.#queue = new LedgerQueue(options.maxEntries)
    this.#silence = createCondition({ log, clock, text: 'the store does not take what requests used' })
    const text = 'what requests used is written to the audit only, for `gatehouse spend replay`'
    this.#overflow = createCondition({ log, clock, text })
  }

  /** How many entries wait to be stored. */
  get length(): number {
    return this.#queue.length
  }

  /**
   * Takes an entry; never throws or rejects. The promise resolves when it is stored, or after `settleTimeoutMs`, and the
   * entry stays queued; null when nothing is waited for.
   */
  settle(entry: Entry): Promise<void> | null {
    const { observer, settleTimeoutMs } = this.#options
    if (this.#isStopped) return this.#giveUp(entry, 'shutdown')
    // While the store is known to be down, an answer that waited would wait in vain.
    const isDown = this.#isFailing && !this.#asksAgain()
    if (settleTimeoutMs === 0 || isDown) {
      if (!this.#queue.push({ entry, done() {} })) return this.#giveUp(entry, 'queue_full')
      if (isDown) observer?.unsettled('store_down')
      this.#flush()
      return null
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#after(settleTimeoutMs, () => {
      observer?.unsettled(this.#isFailing ? 'store_down' : 'late')
      resolve()
    })
    const done = () => {
      cancel()
      resolve()
    }
    if (!this.#queue.push({ entry, done })) {
      cancel()
      return this.#giveUp(entry, 'queue_full')
    }
    this.#flush()
    return promise
  }

  /** Gives the hold of a request back that used nothing. */
  release(entryId: string): void {
    if (this.#isStopped) return
    this.#queue.release(entryId)
    this.#flush()
  }

  /** The process is about to end: pauses after failures are short from now on. */
  hurry(): void {
    this.#pause.limit(LONGEST_PAUSE_AT_THE_END_MS)
    this.#pause.reset()
    this.#resume()
  }

  /** Stores what waits, or writes it to the audit, for at most `ms` in all; what comes later goes there at once. */
  async stop(ms: number): Promise<void> {
    const writingMs = (ms * WRITING_PERCENT) / 100
    this.hurry()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#drained = resolve
    if (this.#queue.isEmpty && !this.#isFlushing) resolve()
    await withDeadline(promise, ms - writingMs).catch(ignore)
    this.#isStopped = true
    this.#cancelPause?.()
    await this.#writeRest(writingMs)
  }

  /** A full queue is more than the audit holds at one time, so it is waited for in between, `ms` in all. */
  async #writeRest(ms: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const cancel = this.#after(ms, resolve)
    while (!this.#queue.isEmpty) {
      const left = this.#queue.first(MAX_ENTRIES)
      for (const { entry, done } of left.waiting) {
        this.#giveUp(entry, 'shutdown')
        done()
      }
      this.#queue.drop(left)
      if (!this.#queue.isEmpty) await Promise.race([this.#options.auditWritten?.(), late])
    }
    cancel()
  }

  /** Nobody will store it from here: the audit line is all that is left of it. */
  #giveUp(entry: Entry, reason: Exclude<UnsettledReason, 'late' | 'store_down'>): null {
    this.#options.audit.write({ evt: 'spend.unsettled', reason, ...entry })
    this.#options.observer?.unsettled(reason)
    this.#overflow.occurred({ reason })
    return null
  }

  #flush(): void {
    if (this.#isFlushing || this.#cancelPause !== null || this.#isStopped) return
    this.#isFlushing = true
    void this.#flushAll().finally(() => {
      this.#isFlushing = false
      if (this.#queue.isEmpty) this.#drained()
      else this.#flush() // what came between the last look and now
    })
  }

  /** Until nothing waits, or the store fails. */
  async #flushAll(): Promise<void> {
    while (!this.#queue.isEmpty && this.#cancelPause === null && !this.#isStopped) {
      const batch = this.#queue.first(this.#limit)
      const { fault, cause } = await this.#store(batch)
      if (this.#isStopped) return
      if (fault === null) this.#stored(batch)
      else this.#failed(batch, { fault, cause })
    }
  }

  async #store({ waiting, released }: Batch): Promise<{ fault: SettleFault | null; cause: string }> {
    const { clock, observer } = this.#options
    const began = clock()
    try {
      const entries = JSON.stringify(waiting.map(({ entry }) => entry))
      await this.#settle({ entries, released })
      observer?.settled(waiting.length, clock() - began)
      return { fault: null, cause: '' }
    } catch (error) {
      return { fault: settleFault(error), cause: error instanceof Error ? error.message : String(error) }
    }
  }

  async #settle(settling: Settling): Promise<void> {
    const { pool, alerts = null } = this.#options
    if (alerts === null) await settleSpend(pool, settling)
    else alerts.settled(await settleAndAlert(pool, settling, alerts.terms))
  }

  #stored(batch: Batch): void {
    this.#queue.drop(batch)
    this.#isFailing = false
    this.#pause.reset()
    this.#collisions = 0
    this.#limit = MAX_ENTRIES
    this.#silence.ended()
    for (const { done } of batch.waiting) done()
  }

  #failed(batch: Batch, { fault, cause }: { fault: SettleFault; cause: string }): void {
    if (fault === 'collision' && this.#collisions < MAX_COLLISIONS) {
      this.#collisions += 1
      return
    }
    if (fault === 'entry') {
      this.#setApart(batch, cause)
      return
    }
    this.#collisions = 0
    this.#isFailing = true
    this.#failedAt = this.#options.clock()
    this.#silence.occurred({ cause, waiting: this.#queue.length })
    this.#cancelPause = this.#after(this.#pause.next(), () => this.#resume())
  }

  /** One entry that the database refuses must not keep the others out: it is looked for by halves. */
  #setApart(batch: Batch, cause: string): void {
    const [first] = batch.waiting
    if (batch.waiting.length > 1) {
      this.#limit = (batch.waiting.length + 1) >> 1
      return
    }
    this.#options.log.error('the store refuses an entry of spend', { cause, entry_id: first?.entry.entry_id })
    if (first !== undefined) {
      this.#giveUp(first.entry, 'refused')
      first.done()
    }
    this.#queue.drop(batch)
    this.#limit = MAX_ENTRIES
  }

  /** Ends a pause early, once a second at most, so that answers wait again soon after the store is back. */
  #asksAgain(): boolean {
    if (this.#options.clock() - this.#failedAt < REST_MS) return false
    this.#resume()
    return true
  }

  #resume(): void {
    this.#cancelPause?.()
    this.#cancelPause = null
    this.#flush()
  }
}

const machineAlarm: After = (ms, action) => {
  const timer = setTimeout(action, ms)
  return () => clearTimeout(timer)
}

/** The time is over; what was not stored by then is looked at by the caller. */
function ignore(): void {}
