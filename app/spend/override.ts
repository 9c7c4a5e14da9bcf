import type { PricingConfig } from '../config/pricing.ts'

/** A row of `pricing.overrides`, and its place there. */
export interface FoundOverride {
  readonly index: number
  readonly row: PricingConfig['overrides'][number]
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

/**
 * The row that prices `sought`, or null: the first of its names that a row spells, else its built-in in any
 * spelling, whatever the order of the file, ignoring case (M-29). `spelled` knows the spellings of built-ins.
 */
export function overrideFor(
  rows: PricingConfig['overrides'],
  sought: Sought,
  spelled: (name: string) => string | null,
): FoundOverride | null {
  const candidates = rows.map((row, index) => ({ index, row, name: row.model.toLowerCase() }))
  const ours = candidates.filter(({ row }) => row.upstream === sought.upstream)
  for (const name of sought.names) {
    const found = ours.find(candidate => candidate.name === name.toLowerCase())
    if (found !== undefined) return { index: found.index, row: found.row }
  }
  if (sought.builtin === null) return null
  const found = ours.find(({ name }) => spelled(name) === sought.builtin)
  return found === undefined ? null : { index: found.index, row: found.row }
}
