import type { Log } from '../lib/log.ts'
import { printable } from '../lib/printable.ts'

/** More models without a price than one line each may be written about. */
const MAX_NAMED = 100
const MAX_SHOWN = 128

/** Says of models without a known price that they have none, once for each (M-27). */
export class UnknownPrices {
  readonly #log: Log
  readonly #named = new Set<string>()

  constructor(log: Log) {
    this.#log = log
  }

  /** `upstream` served `models`, and nobody recognises these names. */
  met(upstream: string, models: readonly string[]): void {
    for (const model of models) {
      const shown = printable(model, MAX_SHOWN)
      if (this.#named.size >= MAX_NAMED || this.#named.has(shown)) continue
      this.#named.add(shown)
      this.#log.warn('a model has no known price: it counts as 5 USD in and 25 USD out per million tokens', {
        upstream,
        model: shown,
      })
    }
  }
}
