import type { DropReason, Signal } from './ledger.ts'

/** One export on its way to one destination; the body is shared by all destinations. */
export interface Export {
  readonly signal: Signal
  readonly contentType: string
  readonly contentEncoding: string | undefined
  readonly body: Buffer
}

/** An export that waits. */
export interface QueuedExport {
  readonly item: Export
  /** When it was received. */
  readonly since: number
  /** How often it was tried. */
  readonly attempts: number
  /** Not tried before. */
  readonly notBefore: number
}

export interface QueueBounds {
  readonly maxBytes: number
  readonly maxItems: number
  readonly maxAgeMs: number
}

export type Drop = (queued: QueuedExport, reason: DropReason) => void

/** A bounded queue: when it is full the oldest go, and what got too old goes as well (T-11). */
export class ExportQueue {
  readonly #bounds: QueueBounds
  readonly #drop: Drop
  #waiting: QueuedExport[] = []
  #bytes = 0

  constructor(bounds: QueueBounds, drop: Drop) {
    this.#bounds = bounds
    this.#drop = drop
  }

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#waiting.length
  }

  /** Adds an export at the end; one that is tried again goes back to its place by age. */
  add(queued: QueuedExport): void {
    const { maxBytes, maxItems } = this.#bounds
    if (queued.item.body.length > maxBytes) {
      this.#drop(queued, 'too_large')
      return
    }
    const at = this.#waiting.findLastIndex(({ since }) => since <= queued.since) + 1
    this.#waiting.splice(at, 0, queued)
    this.#bytes += queued.item.body.length
    while (this.#bytes > maxBytes || this.#waiting.length > maxItems)
      this.#drop(this.#remove(0), 'queue_full')
  }

  /** The oldest export that may be tried at `now`. */
  take(now: number): QueuedExport | null {
    this.expire(now)
    const at = this.#waiting.findIndex(({ notBefore }) => notBefore <= now)
    return at === -1 ? null : this.#remove(at)
  }

  /** Drops what is too old at `now`. */
  expire(now: number): void {
    while (this.#waiting[0] !== undefined && now - this.#waiting[0].since > this.#bounds.maxAgeMs)
      this.#drop(this.#remove(0), 'expired')
  }

  /** Drops everything. */
  clear(reason: DropReason): void {
    while (this.#waiting.length > 0) this.#drop(this.#remove(0), reason)
  }

  #remove(at: number): QueuedExport {
    const [removed] = at === 0 ? [this.#waiting.shift()] : this.#waiting.splice(at, 1)
    if (removed === undefined) throw new Error('an export was taken from an empty queue')
    this.#bytes -= removed.item.body.length
    return removed
  }
}
