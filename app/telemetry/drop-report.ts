import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { DropReason } from './ledger.ts'

/** What a warning says of the destination beside the drops. */
export interface DestinationState {
  readonly isPaused: boolean
  readonly queuedBytes: number
  readonly queuedExports: number
  /** The last status or error. */
  readonly last: string | undefined
}

const EVERY_MS = 60_000

/** Says that exports are lost: one warning a minute while they are, one line when it is over (T-19). */
export class DropReport {
  readonly #destination: string
  readonly #log: Log
  readonly #clock: Clock
  readonly #reasons = new Map<DropReason, number>()
  #bytes = 0
  #saidAt = Number.NEGATIVE_INFINITY
  #lastDropAt = 0
  #trouble: { since: number; exports: number; bytes: number } | null = null

  constructor(destination: string, { log, clock }: { log: Log; clock: Clock }) {
    this.#destination = destination
    this.#log = log
    this.#clock = clock
  }

  dropped(reason: DropReason, bytes: number): void {
    const now = this.#clock()
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
    this.#bytes += bytes
    this.#lastDropAt = now
    this.#trouble ??= { since: now, exports: 0, bytes: 0 }
    this.#trouble.exports += 1
    this.#trouble.bytes += bytes
  }

  /** Asked now and then. */
  tick(state: DestinationState): void {
    const now = this.#clock()
    if (this.#reasons.size > 0 && now - this.#saidAt >= EVERY_MS) this.#warn(now, state)
    const isQuiet = this.#reasons.size === 0 && !state.isPaused && now - this.#lastDropAt >= EVERY_MS
    if (this.#trouble === null || !isQuiet) return
    const { since, exports, bytes } = this.#trouble
    this.#trouble = null
    this.#log.info(`telemetry reaches ${this.#destination} again`, {
      ...{ dropped_exports: exports, dropped_bytes: bytes },
      seconds: Math.round((this.#lastDropAt - since) / 1000),
    })
  }

  #warn(now: number, { isPaused, queuedBytes, queuedExports, last }: DestinationState): void {
    this.#saidAt = now
    this.#log.warn(`telemetry for ${this.#destination} is dropped`, {
      ...Object.fromEntries(this.#reasons),
      bytes: this.#bytes,
      ...{ last, paused: isPaused, queued_exports: queuedExports, queued_bytes: queuedBytes },
    })
    this.#reasons.clear()
    this.#bytes = 0
  }
}
