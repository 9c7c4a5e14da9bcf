// One collector of the operator.
import type { Dispatcher } from 'undici'
import type { TelemetryQueueConfig } from '../config/gatehouse.ts'
import type { TelemetryConfig } from '../config/telemetry.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { Collector, type CollectorToken } from '../otlp/collector.ts'
import type { Delivery } from '../otlp/delivery.ts'
import { type AttemptEnd, judge, type Verdict } from '../otlp/outcome.ts'
import { DropReport } from './drop-report.ts'
import { type Export, ExportQueue, type QueuedExport } from './export-queue.ts'
import type { DropReason, Ledger, Signal } from './ledger.ts'
import { type Change, Pause } from './pause.ts'

export interface DestinationOptions {
  /** `<index>:<host>`. */
  readonly name: string
  readonly config: TelemetryConfig['forward_to'][number]
  readonly bounds: TelemetryQueueConfig
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>
  /** Null unless `auth.google` is set. */
  readonly token: CollectorToken | null
  readonly ledger: Ledger
  /** Our product token. */
  readonly product: string
  readonly log: Log
  /** A clock that only goes forward. */
  readonly clock: Clock
  /** The time of day. */
  readonly wallClock: Clock
}

/** An export that is being sent. */
interface UnderWay {
  readonly since: number
  readonly delivery: Delivery
}

/** Between two attempts of one export; doubled each time. */
const RETRY_MS = 1000

/** The first and every hundredth of what would otherwise fill the log. */
const SAID_EVERY = 100

/** One collector: its queue, its connections, its health. It shares nothing with the others but the bodies. */
export class Destination {
  readonly name: string
  readonly #options: DestinationOptions
  readonly #queue: ExportQueue
  readonly #pause = new Pause()
  readonly #report: DropReport
  readonly #underWay = new Map<QueuedExport, UnderWay>()
  readonly #collector: Collector
  #isStopping = false
  #isStopped = false
  #refusals = 0
  #partials = 0
  #last: string | undefined
  #idle: (() => void) | null = null

  constructor(options: DestinationOptions) {
    const { bounds } = options
    this.name = options.name
    this.#options = options
    this.#collector = new Collector(options)
    this.#queue = new ExportQueue(
      {
        maxBytes: bounds.queue_bytes,
        maxItems: bounds.queue_items,
        maxAgeMs: bounds.max_age_seconds * 1000,
      },
      (queued, reason) => this.#drop(queued, reason),
    )
    this.#report = new DropReport(options.name, options)
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  /** Exports that wait, and exports that are being sent. */
  get pending(): { readonly queued: number; readonly underWay: number } {
    return { queued: this.#queue.length, underWay: this.#underWay.size }
  }

  get isPaused(): boolean {
    return this.#pause.isPaused
  }

  takes(signal: Signal): boolean {
    return this.#options.config[signal]
  }

  offer(item: Export): void {
    const now = this.#options.clock()
    this.#options.ledger.received(this.name, item.signal)
    const queued = { item, since: now, attempts: 0, notBefore: now }
    if (this.#isStopped) {
      this.#drop(queued, 'shutdown')
      return
    }
    this.#queue.add(queued)
    this.#pump(now)
  }

  /** Asked about once a second: ages, pauses, repeats and reports. */
  tick(now: number): void {
    for (const { since, delivery } of this.#underWay.values()) delivery.judgeAge(now - since)
    this.#queue.expire(now)
    this.#pump(now)
    const { queued } = this.pending
    this.#report.tick({
      ...{ isPaused: this.isPaused, queuedBytes: this.queuedBytes, queuedExports: queued, last: this.#last },
    })
  }

  /** Sends what it can within `ms`, then drops the rest. Answers how many exports were dropped. */
  async stop(ms: number): Promise<number> {
    this.#isStopping = true
    this.#pump(this.#options.clock())
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    if (this.#underWay.size > 0 || (this.#queue.length > 0 && !this.isPaused)) {
      const { promise: idle, resolve: becameIdle } = Promise.withResolvers<void>()
      this.#idle = becameIdle
      await Promise.race([idle, late])
    }
    clearTimeout(timer)
    this.#isStopped = true
    const left = this.#queue.length + this.#underWay.size
    this.#queue.clear('shutdown')
    for (const [queued, { delivery }] of this.#underWay) {
      this.#underWay.delete(queued)
      this.#drop(queued, 'shutdown')
      delivery.abort()
    }
    return left
  }

  #pump(now: number): void {
    while (this.#underWay.size < this.#options.bounds.in_flight && this.#queue.length > 0) {
      const isProbe = this.#pause.isPaused
      if (!this.#pause.admits(now)) return
      const next = this.#queue.take(now)
      if (next === null) {
        this.#pause.unknown(isProbe)
        return
      }
      void this.#send(next, isProbe)
    }
  }

  async #send(queued: QueuedExport, isProbe: boolean): Promise<void> {
    const delivery = this.#collector.send(queued.item)
    this.#underWay.set(queued, { since: this.#options.clock(), delivery })
    const { end, rejected } = await delivery.done
    // Given up meanwhile: it is counted already.
    if (!this.#underWay.delete(queued)) return
    const verdict = judge(end)
    this.#last = end.kind === 'answered' ? `status ${end.status}` : end.cause
    this.#note(verdict, isProbe)
    this.#settle(queued, { verdict, end })
    if (rejected > 0) this.#say(++this.#partials, 'accepted an export and rejected items of it', { rejected })
    this.#pump(this.#options.clock())
    if (this.#underWay.size === 0) this.#idle?.()
  }

  #note({ health }: Verdict, isProbe: boolean): void {
    if (health === 'refused') {
      this.#pause.unknown(isProbe)
      return
    }
    const now = this.#options.clock()
    this.#announce(health === 'well' ? this.#pause.succeeded() : this.#pause.failed(now, isProbe))
  }

  #announce(change: Change): void {
    const { log } = this.#options
    if (change === null) return
    if (change === 'resumed') {
      log.info(`telemetry: ${this.name} answers again; its pause is over`)
      return
    }
    const again = change === 'paused' ? 'five exports in a row failed' : 'the export after the pause failed'
    log.warn(`telemetry: ${this.name} is paused for 30 s: ${again}`, { last: this.#last })
  }

  #settle(queued: QueuedExport, { verdict, end }: { verdict: Verdict; end: AttemptEnd }): void {
    if (verdict.fate === 'forwarded') {
      this.#options.ledger.forwarded(this.name, queued.item.signal)
      return
    }
    const again = verdict.fate === 'retry' ? this.#again(queued, end) : null
    if (again === null) this.#drop(queued, verdict.reason)
    else this.#queue.add(again)
    if (verdict.health === 'refused' && end.kind === 'answered')
      this.#say(++this.#refusals, 'refuses exports', { status: end.status })
  }

  /** The export's next attempt; null when there is none. */
  #again({ item, since, attempts }: QueuedExport, end: AttemptEnd): QueuedExport | null {
    const { bounds, clock } = this.#options
    const now = clock()
    const tried = attempts + 1
    const asked = end.kind === 'answered' ? (end.retryAfterMs ?? 0) : 0
    const notBefore = now + Math.max(asked, RETRY_MS * 2 ** attempts)
    const isTooLate = notBefore - since > bounds.max_age_seconds * 1000
    if (tried >= bounds.attempts || isTooLate || this.#isStopping) return null
    return { item, since, attempts: tried, notBefore }
  }

  #drop({ item }: QueuedExport, reason: DropReason): void {
    this.#options.ledger.dropped(this.name, item.signal, reason)
    this.#report.dropped(reason, item.body.length)
  }

  #say(times: number, what: string, fields: Readonly<Record<string, number>>): void {
    if (times % SAID_EVERY !== 1) return
    this.#options.log.warn(`telemetry: ${this.name} ${what}`, { ...fields, times })
  }
}
