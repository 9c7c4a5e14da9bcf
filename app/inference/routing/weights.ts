// Which of several is first: a draw by weights.

/** The position that `random`, from 0 to below 1, falls on; -1 when no weight is above 0. */
export function drawn(weights: readonly number[], random: number): number {
  let left = random * weights.reduce((total, weight) => total + weight, 0)
  for (const [position, weight] of weights.entries()) {
    if (weight > 0 && left < weight) return position
    left -= weight
  }
  return weights.findLastIndex(weight => weight > 0) // what rounding leaves over
}
