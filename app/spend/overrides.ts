// The company's own prices: which row of the configuration holds for what was served.
import type { PricingConfig } from '../config/pricing.ts'

type Row = PricingConfig['overrides'][number]

/** A row of `pricing.overrides`, and its place there. */
export interface FoundOverride {
  readonly index: number
  readonly row: Row
}

/** What is to be priced. */
export interface Sought {
  /** The upstream that serves it. */
  readonly upstream: string
  /** Its names from the most specific on: the string that is sent upstream, then the id that the client sent. */
  readonly names: readonly string[]
  /** The built-in that it is; null for none. */
  readonly builtin: string | null
}

/** The rows of one upstream. */
interface Lane {
  readonly byName: Map<string, FoundOverride>
  readonly byBuiltin: Map<string, FoundOverride>
}

/** The company's own prices, ready to be looked up. */
export class Overrides {
  readonly #lanes = new Map<string, Lane>()

  /** `spelled` answers the built-in that a name in lower case spells, or null. */
  constructor(rows: readonly Row[], spelled: (name: string) => string | null) {
    for (const [index, row] of rows.entries()) {
      const lane = this.#lanes.get(row.upstream) ?? { byName: new Map(), byBuiltin: new Map() }
      this.#lanes.set(row.upstream, lane)
      const name = row.model.toLowerCase()
      const builtin = spelled(name)
      if (!lane.byName.has(name)) lane.byName.set(name, { index, row })
      if (builtin !== null && !lane.byBuiltin.has(builtin)) lane.byBuiltin.set(builtin, { index, row })
    }
  }

  /**
   * The row that prices `sought`, or null: the first of its names that a row spells, else its built-in in any
   * spelling, whatever the order of the file, ignoring case (M-29).
   */
  find({ upstream, names, builtin }: Sought): FoundOverride | null {
    const lane = this.#lanes.get(upstream)
    if (lane === undefined) return null
    for (const name of names) {
      const found = lane.byName.get(name.toLowerCase())
      if (found !== undefined) return found
    }
    return (builtin === null ? undefined : lane.byBuiltin.get(builtin)) ?? null
  }
}
