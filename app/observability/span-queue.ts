// Where spans wait for each other on their way to the collector.
import type { Clock } from '../lib/clock.ts'
import type { Ticker, Ticking } from '../lib/ticker.ts'
import type { Span } from './span.ts'

export interface SpanQueueOptions {
  /** Brings spans to the collector; resolves when they are accepted or lost, and never rejects. */
  readonly send: (spans: readonly Span[]) => Promise<unknown>
  /** Told how many spans found no place. */
  readonly dropped: (spans: number) => void
  /** A clock that only goes forward. */
  readonly clock: Clock
  readonly ticker: Ticker
}

/** Spans that may wait; the spans of one request that find no place are lost together (T-29). */
const MAX_WAITING = 2048

const MAX_BATCH = 512

/** The oldest span waits this long for company. */
const EVERY_MS = 5000

/** Gathers spans into batches, one on its way at a time. */
export class SpanQueue implements Ticking {
  readonly #options: SpanQueueOptions
  #waiting: Span[] = []
  #since = 0
  #isSending = false
  #isOver = false

  constructor(options: SpanQueueOptions) {
    this.#options = options
  }

  get length(): number {
    return this.#waiting.length
  }

  /** Takes the spans of one request. */
  add(spans: readonly Span[]): void {
    const { clock, ticker, dropped } = this.#options
    if (this.#isOver || this.#waiting.length + spans.length > MAX_WAITING) {
      dropped(spans.length)
      return
    }
    if (this.#waiting.length === 0) this.#since = clock()
    this.#waiting.push(...spans)
    ticker.add(this)
    this.#pump()
  }

  tick(now: number): void {
    if (now - this.#since >= EVERY_MS) this.#pump({ evenIfFew: true })
    if (this.#waiting.length === 0) this.#options.ticker.remove(this)
  }

  /** Hands over everything that waits, at once; what comes later is dropped. */
  end(): void {
    this.#isOver = true
    while (this.#waiting.length > 0) void this.#options.send(this.#take())
    this.#options.ticker.remove(this)
  }

  #pump({ evenIfFew = false } = {}): void {
    const { length } = this.#waiting
    if (this.#isSending || length === 0 || (length < MAX_BATCH && !evenIfFew)) return
    this.#isSending = true
    void this.#options.send(this.#take()).then(() => {
      this.#isSending = false
      this.#pump()
    })
  }

  #take(): Span[] {
    this.#since = this.#options.clock()
    return this.#waiting.splice(0, MAX_BATCH)
  }
}
