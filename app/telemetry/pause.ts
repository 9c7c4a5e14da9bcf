/** Failures in a row before a destination is left alone, and for how long. */
const MAX_FAILURES = 5
const PAUSE_MS = 30_000

/** What a destination's last outcome changed. */
export type Change = 'paused' | 'paused_again' | 'resumed' | null

/**
 * Leaves a failing destination alone (T-14): after five failures in a row for 30 s, then exactly one export is tried.
 * Its success ends the pause, its failure begins the next. A refused export neither counts nor clears.
 */
export class Pause {
  #failures = 0
  #until: number | null = null
  #isProbing = false

  get isPaused(): boolean {
    return this.#until !== null
  }

  /** Whether an export may be sent at `now`; during a pause that has run out, the one that asks is the probe. */
  admits(now: number): boolean {
    if (this.#until === null) return true
    if (now < this.#until || this.#isProbing) return false
    this.#isProbing = true
    return true
  }

  /** Nothing was sent after all, or what was sent says nothing of the destination. */
  unknown(isProbe: boolean): void {
    if (isProbe) this.#isProbing = false
  }

  succeeded(): Change {
    const wasPaused = this.#until !== null
    this.#failures = 0
    this.#until = null
    this.#isProbing = false
    return wasPaused ? 'resumed' : null
  }

  /** Of what was under way when the pause began, only the probe counts. */
  failed(now: number, isProbe: boolean): Change {
    this.#failures += 1
    if (this.#until !== null) {
      if (!isProbe) return null
      this.#isProbing = false
      this.#until = now + PAUSE_MS
      return 'paused_again'
    }
    if (this.#failures < MAX_FAILURES) return null
    this.#until = now + PAUSE_MS
    return 'paused'
  }
}
