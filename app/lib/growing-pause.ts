/** How long to leave something alone that fails: twice as long each time, up to a bound. */
export class GrowingPause {
  readonly #firstMs: number
  #longestMs: number
  #nextMs: number

  constructor(firstMs: number, longestMs: number) {
    this.#firstMs = firstMs
    this.#longestMs = longestMs
    this.#nextMs = firstMs
  }

  /** In milliseconds; the next one is longer. */
  next(): number {
    const ms = Math.min(this.#nextMs, this.#longestMs)
    this.#nextMs = ms * 2
    return ms
  }

  /** It works again. */
  reset(): void {
    this.#nextMs = this.#firstMs
  }

  /** From now on no pause is longer. */
  limit(longestMs: number): void {
    this.#longestMs = longestMs
  }
}
