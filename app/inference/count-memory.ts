import type { Clock } from '../lib/clock.ts'

/** How long it is believed that a model's tokens cannot be counted somewhere (I-59). */
const BELIEVED_MS = 600_000

/** More than any gateway has pairs of upstream and model; beyond it the memory starts anew. */
const MAX_REMEMBERED = 1000

/** Remembers where which model's tokens cannot be counted, so that a burst of counts does not ask each time. */
export class CountMemory {
  readonly #clock: Clock
  readonly #until = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  cannotCount(upstream: string, model: string): void {
    if (this.#until.size >= MAX_REMEMBERED) this.#until.clear()
    this.#until.set(keyOf(upstream, model), this.#clock() + BELIEVED_MS)
  }

  mayCount(upstream: string, model: string): boolean {
    const until = this.#until.get(keyOf(upstream, model))
    return until === undefined || this.#clock() >= until
  }
}

function keyOf(upstream: string, model: string): string {
  return JSON.stringify([upstream, model])
}
