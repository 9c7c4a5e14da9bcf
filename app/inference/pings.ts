/** What Anthropic's own API sends to keep a stream alive, to the byte (I-26). */
export const PING = Buffer.from('event: ping\ndata: {"type": "ping"}\n\n')

/** A client gives a stream up after 300 s without a byte. */
const QUIET_MS = 15_000

/** Tells when a stream has been quiet for so long that a ping is due; asked about once a second. */
export class PingTimer {
  #isTouched = true
  #quietSince = 0

  /** Something was written. Costs no look at a clock: the next question takes its own time for that of the writing. */
  wrote(): void {
    this.#isTouched = true
  }

  isDue(now: number): boolean {
    if (this.#isTouched) {
      this.#isTouched = false
      this.#quietSince = now
    }
    return now - this.#quietSince >= QUIET_MS
  }
}
