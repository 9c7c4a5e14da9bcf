/** The value below which `share` (0 to 1) of `values` lie, by the nearest rank; NaN when there is none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))
  return sorted[index] ?? Number.NaN
}

/** Median with its quartiles, as the reports print it. */
export function spread(values: readonly number[]): { q1: number; median: number; q3: number } {
  return { q1: quantile(values, 0.25), median: quantile(values, 0.5), q3: quantile(values, 0.75) }
}

/** Shuffles a copy (Fisher and Yates), so that no arm always follows the same other arm. */
export function shuffled<T>(items: readonly T[]): T[] {
  const copy = [...items]
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1))
    const held = copy[last] as T // both indexes are inside the array
    copy[last] = copy[other] as T
    copy[other] = held
  }
  return copy
}
