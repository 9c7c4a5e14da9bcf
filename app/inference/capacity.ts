import { Refusal } from '../http/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'

/** How much inference one replica takes on at a time. There is no queue: what does not fit is refused at once. */
export interface Capacity {
  /** Requests admitted and not ended. */
  readonly open: number
  /** Request bytes held for requests that have not committed. */
  readonly bufferedBytes: number
  /** Requests refused since start, by what was full: places, or memory for bodies. */
  readonly shed: Readonly<Record<Shortage, number>>
  /** Takes a request on before its body is read; throws the refusal `saturated`. */
  admit(contentLength: number): Ticket
}

/** What there was not enough of. */
export type Shortage = 'capacity' | 'memory'

/** One admitted request. Every method may be called again without effect. */
export interface Ticket {
  /** Raises what is held for this request to `bytes`, when a body turns out larger than announced; throws `saturated`. */
  hold(bytes: number): void
  /** The body is no longer held. */
  releaseBytes(): void
  /** The request is over; releases its bytes too. */
  end(): void
}

interface CapacityOptions {
  readonly maxConcurrent: number
  readonly maxBufferedBytes: number
  readonly log: Log
  readonly clock: Clock
  /** From 0 to below 1; spreads the repeats of refused clients. */
  readonly random: () => number
}

const SMALLEST_BUDGET = 256 * 1024 * 1024
const WARN_SHARE = 0.8
const WARN_EVERY_MS = 60_000

/** The default of `limits.max_buffered_request_bytes`: a quarter of the memory limit, at least 256 MiB. */
export function defaultBufferedBytes(memoryLimitBytes: number): number {
  return Math.max(SMALLEST_BUDGET, Math.floor(memoryLimitBytes / 4))
}

/** A bound on open requests and on the bytes they hold (I-68, I-69). */
export function createCapacity(options: CapacityOptions): Capacity {
  const load = new Load(options)
  return load
}

class Load implements Capacity {
  open = 0
  bufferedBytes = 0
  readonly shed = { capacity: 0, memory: 0 }
  #warnedAt = Number.NEGATIVE_INFINITY
  readonly #options: CapacityOptions

  constructor(options: CapacityOptions) {
    this.#options = options
  }

  admit(contentLength: number): Ticket {
    if (this.open >= this.#options.maxConcurrent) throw this.#saturated('capacity')
    this.#take(contentLength)
    this.open++
    this.#warnWhenNearlyFull()
    return this.#ticket(contentLength)
  }

  #ticket(contentLength: number): Ticket {
    let held = contentLength
    let isOpen = true
    const releaseBytes = () => {
      this.bufferedBytes -= held
      held = 0
    }
    return {
      hold: bytes => {
        if (!isOpen || bytes <= held) return
        this.#take(bytes - held)
        held = bytes
        this.#warnWhenNearlyFull()
      },
      releaseBytes,
      end: () => {
        releaseBytes()
        if (isOpen) this.open--
        isOpen = false
      },
    }
  }

  #take(bytes: number): void {
    if (this.bufferedBytes + bytes > this.#options.maxBufferedBytes) throw this.#saturated('memory')
    this.bufferedBytes += bytes
  }

  /** 1 to 5 seconds: the client gives up at once on a wait above 60, and on 529 after three answers. */
  #saturated(shortage: Shortage): Refusal {
    this.shed[shortage]++
    this.#warnWhenNearlyFull()
    const seconds = 1 + Math.floor(this.#options.random() * 5)
    return new Refusal('saturated', 'the gateway is at capacity', {
      headers: { 'retry-after': String(seconds) },
    })
  }

  #warnWhenNearlyFull(): void {
    const { maxConcurrent, maxBufferedBytes, log, clock } = this.#options
    const isNearlyFull =
      this.open >= maxConcurrent * WARN_SHARE || this.bufferedBytes >= maxBufferedBytes * WARN_SHARE
    if (!isNearlyFull || clock() - this.#warnedAt < WARN_EVERY_MS) return
    this.#warnedAt = clock()
    log.warn('This replica is close to its capacity for inference; it refuses requests beyond it.', {
      open_requests: this.open,
      max_concurrent_inference: maxConcurrent,
      buffered_bytes: this.bufferedBytes,
      max_buffered_request_bytes: maxBufferedBytes,
      refused: this.shed.capacity + this.shed.memory,
    })
  }
}
