// How full a budget is, as headers and documents write it: whole numbers all the way, rounded half up.
import type { NanoUsd } from './money.ts'

/** Above it the client and the person are warned, above the other urgently. */
export const WARNING_PERCENT = 75n
export const CRITICAL_PERCENT = 95n

/** A part and its whole; a whole of 0 is always used up. */
export interface Share {
  readonly spent: NanoUsd
  readonly limit: NanoUsd
}

/** Hundredths, half up: 1 of 3 is 33n, 1 of 200 is 1n. */
export function hundredths({ spent, limit }: Share): bigint {
  if (limit === 0n) return 100n
  return (200n * spent + limit) / (2n * limit)
}

/** The shortest decimal: 33n is `0.33`, 50n `0.5`, 125n `1.25`, 100n `1`. */
export function ratioText(hundredths: bigint): string {
  const fraction = (hundredths % 100n).toString().padStart(2, '0').replace(/0+$/, '')
  const whole = (hundredths / 100n).toString()
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** Reports whether more than `percent` are spent, exactly. */
export function isAbove({ spent, limit }: Share, percent: bigint): boolean {
  return spent * 100n > limit * percent
}
