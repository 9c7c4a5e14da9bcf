// How the gateway's own metrics and traces reach the operator's collector.
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Clock } from '../lib/clock.ts'
import { type Condition, createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import type { Ticker, Ticking } from '../lib/ticker.ts'
import { Collector, type CollectorOptions } from '../otlp/collector.ts'
import type { Delivered, Delivery } from '../otlp/delivery.ts'
import { type AttemptEnd, judge } from '../otlp/outcome.ts'

/** Sends the gateway's own telemetry (OTLP/HTTP, protobuf, gzip). Its failures touch nobody (T-29). */
export interface OtlpSender {
  /**
   * Sends one serialized batch; resolves to whether it was accepted; never rejects.
   *
   * `items` is how many are lost with it; default 1.
   */
  send(signal: OwnSignal, body: Uint8Array, items?: number): Promise<boolean>
  /** Waits at most `ms` for what is on its way, without further attempts; the rest is dropped. */
  stop(ms: number): Promise<void>
}

/** What the gateway says about itself. */
export type OwnSignal = 'metrics' | 'traces'

export interface OtlpSenderOptions {
  /** `gatehouse.observability.otlp`. */
  readonly config: CollectorOptions['config']
  /** Nobody else's. */
  readonly dispatcher: CollectorOptions['dispatcher']
  /** Null unless `auth.google` is set. */
  readonly token: CollectorOptions['token']
  readonly version: string
  readonly log: Log
  /** A clock that only goes forward. */
  readonly clock: Clock
  /** The time of day. */
  readonly wallClock: Clock
  readonly ticker: Ticker
  /** Told how many items were not accepted, once they are lost. */
  readonly dropped: (signal: OwnSignal, items: number) => void
}

const MAX_ATTEMPTS = 3

/** Between two attempts of one batch; doubled each time. */
const RETRY_MS = 1000

/** A batch does not wait longer than this, whatever the collector asks for. */
const MAX_AGE_MS = 120_000

/** Batches on their way at one moment; further ones are dropped at once. */
const MAX_BATCHES = 8

/** How long nothing must be lost until that is said. */
const QUIET_MS = 60_000

const compressed = promisify(gzip)

interface Batch {
  readonly signal: OwnSignal
  readonly items: number
  readonly settle: (isAccepted: boolean) => void
  body: Buffer
  /** The first attempt began; null before it. */
  since: number | null
  attempts: number
  /** When it is tried again; null while it is prepared or sent. */
  retryAt: number | null
  /** What is on the wire, and since when. */
  underWay: { readonly since: number; readonly delivery: Delivery } | null
}

export function createOtlpSender(options: OtlpSenderOptions): OtlpSender {
  return new Sender(options)
}

class Sender implements OtlpSender, Ticking {
  readonly #options: OtlpSenderOptions
  readonly #collector: Collector
  readonly #loss: Condition
  readonly #batches = new Set<Batch>()
  #lostAt: number | null = null
  #isStopping = false
  #isStopped = false
  #becameIdle: (() => void) | null = null

  constructor(options: OtlpSenderOptions) {
    const { config, version, log, clock } = options
    this.#options = options
    this.#collector = new Collector({ ...options, product: `gatehouse/${version}` })
    const text = `the gateway's own telemetry for ${new URL(config.url).hostname} is dropped`
    this.#loss = createCondition({ log, clock, text })
  }

  send(signal: OwnSignal, body: Uint8Array, items = 1): Promise<boolean> {
    if (this.#isStopped || this.#batches.size >= MAX_BATCHES) {
      this.#lose(signal, items, this.#isStopped ? 'the gateway stops' : 'too many batches wait')
      return Promise.resolve(false)
    }
    const { promise, resolve: settle } = Promise.withResolvers<boolean>()
    const batch = {
      signal,
      items,
      settle,
      body: NOTHING,
      since: null,
      attempts: 0,
      retryAt: null,
      underWay: null,
    }
    this.#batches.add(batch)
    this.#options.ticker.add(this)
    void this.#begin(batch, body)
    return promise
  }

  tick(now: number): void {
    for (const batch of this.#batches) {
      const { underWay, retryAt } = batch
      underWay?.delivery.judgeAge(now - underWay.since)
      if (retryAt !== null && retryAt <= now) void this.#attempt(batch)
    }
    if (this.#batches.size === 0) this.#options.ticker.remove(this)
  }

  async stop(ms: number): Promise<void> {
    this.#isStopping = true
    for (const batch of this.#batches) if (batch.retryAt !== null) this.#drop(batch, 'the gateway stops')
    if (this.#batches.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#becameIdle = resolve
      const timer = setTimeout(resolve, ms)
      await promise
      clearTimeout(timer)
    }
    this.#isStopped = true
    for (const batch of this.#batches) {
      this.#drop(batch, 'the gateway stops')
      batch.underWay?.delivery.abort()
    }
    this.#options.ticker.remove(this)
  }

  async #begin(batch: Batch, body: Uint8Array): Promise<void> {
    try {
      batch.body = await compressed(body)
    } catch (error) {
      this.#drop(batch, `it cannot be compressed: ${String(error)}`)
      return
    }
    if (this.#batches.has(batch)) await this.#attempt(batch)
  }

  async #attempt(batch: Batch): Promise<void> {
    batch.retryAt = null
    batch.attempts += 1
    const { signal, body } = batch
    const delivery = this.#collector.send({
      ...{ signal, body, contentType: 'application/x-protobuf', contentEncoding: 'gzip' },
    })
    const since = this.#options.clock()
    batch.since ??= since
    batch.underWay = { since, delivery }
    const delivered = await delivery.done
    batch.underWay = null
    // Given up meanwhile: it is counted already.
    if (this.#batches.has(batch)) this.#judge(batch, delivered)
  }

  #judge(batch: Batch, { end, rejected }: Delivered): void {
    const { fate } = judge(end)
    if (fate === 'forwarded') {
      this.#settle(batch, true)
      if (rejected > 0) this.#lose(batch.signal, Math.min(rejected, batch.items), 'rejected by the collector')
      else this.#arrived()
      return
    }
    batch.retryAt = fate === 'retry' ? this.#retryAt(batch, end) : null
    if (batch.retryAt === null)
      this.#drop(batch, end.kind === 'answered' ? `status ${end.status}` : end.cause)
  }

  /** Null when there is no further attempt. */
  #retryAt({ attempts, since }: Batch, end: AttemptEnd): number | null {
    if (attempts >= MAX_ATTEMPTS || this.#isStopping) return null
    const asked = end.kind === 'answered' ? (end.retryAfterMs ?? 0) : 0
    const at = this.#options.clock() + Math.max(asked, RETRY_MS * 2 ** (attempts - 1))
    return since !== null && at - since > MAX_AGE_MS ? null : at
  }

  #drop(batch: Batch, last: string): void {
    this.#settle(batch, false)
    this.#lose(batch.signal, batch.items, last)
  }

  #settle(batch: Batch, isAccepted: boolean): void {
    this.#batches.delete(batch)
    batch.settle(isAccepted)
    if (this.#batches.size === 0) this.#becameIdle?.()
  }

  #lose(signal: OwnSignal, items: number, last: string): void {
    this.#lostAt = this.#options.clock()
    this.#options.dropped(signal, items)
    this.#loss.occurred({ signal, items, last })
  }

  #arrived(): void {
    if (this.#lostAt === null || this.#options.clock() - this.#lostAt < QUIET_MS) return
    this.#lostAt = null
    this.#loss.ended()
  }
}

const NOTHING = Buffer.alloc(0)
