// Money is whole billionths of a US dollar, and no binary fraction ever touches it (M-1).

declare const unit: unique symbol

/** Billionths of a US dollar: a cent is ten million of them. */
export type NanoUsd = bigint & { readonly [unit]: 'nano-dollars' }

/** Billionths of a US dollar per million tokens. */
export type Rate = bigint & { readonly [unit]: 'nano-dollars per million tokens' }

/** A factor in millionths: 1,100,000 is 1.1. */
export type Factor = bigint & { readonly [unit]: 'millionths' }

const PLACES = 6
const MILLION = 1_000_000n
const NANO_PER_CENT = 10_000_000n
const NANO_PER_MILLICENT = NANO_PER_CENT / 1000n

export function nanoUsd(amount: bigint): NanoUsd {
  return amount as NanoUsd // the one place where a number becomes money
}

/** `6.25` → 6.25 US dollars per million tokens; throws unless it is a decimal of at most six places. */
export function rateOf(dollars: string): Rate {
  return (millionths(dollars) * 1000n) as Rate // the one place where text becomes a rate
}

/** `1.1` → the factor; throws as `rateOf` does. */
export function factorOf(decimal: string): Factor {
  return millionths(decimal) as Factor // the one place where text becomes a factor
}

/** `rate` times `factor`; throws rather than round, as an amount is rounded once, at its end (M-2). */
export function scaled(rate: Rate, factor: Factor): Rate {
  const product = rate * factor
  if (product % MILLION !== 0n) throw new RangeError('the rate has too many places for this factor')
  return (product / MILLION) as Rate // a rate times a number is a rate
}

/** `10 / 4` → 3: whoever bills rounds up, so that nothing is free. */
export function dividedUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}

/** Cents with at most three decimals, half up, without trailing zeros: `29.048`, `0` (M-3, `period_to_date_spend`). */
export function centsText(amount: NanoUsd): string {
  return decimalText((amount + NANO_PER_MILLICENT / 2n) / NANO_PER_MILLICENT, 3)
}

/** Dollars with two decimals, cut down, and commas: `$1,234.56`. */
export function dollarsText(amount: NanoUsd): string {
  const digits = wholeCents(amount).toString().padStart(3, '0')
  return `$${digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',')}.${digits.slice(-2)}`
}

/** A share as percents: `0.125` → `12.5 %`; throws as `rateOf` does. */
export function percentText(share: string): string {
  return `${decimalText(millionths(share) * 100n, PLACES)} %`
}

/** Whole cents, cut down (M-3, `/api/oauth/usage`). */
export function wholeCents(amount: NanoUsd): bigint {
  return amount / NANO_PER_CENT
}

/** The amount of so many cents, as caps are written (M-3). */
export function ofCents(cents: bigint): NanoUsd {
  return nanoUsd(cents * NANO_PER_CENT)
}

/** US dollars per million tokens, after `factor`, exactly: `0.2125`. */
export function rateText(rate: Rate, factor: Factor): string {
  return decimalText(rate * factor, 9 + PLACES)
}

/** The factor as a decimal: `1.1`. */
export function factorText(factor: Factor): string {
  return decimalText(factor, PLACES)
}

/** `units` of ten to the minus `places`, without trailing zeros; `units` is not negative. */
function decimalText(units: bigint, places: number): string {
  const digits = units.toString().padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  const whole = digits.slice(0, -places)
  return fraction === '' ? whole : `${whole}.${fraction}`
}

function millionths(decimal: string): bigint {
  const match = /^(\d+)(?:\.(\d{1,6}))?$/.exec(decimal)
  if (match === null) throw new RangeError(`${decimal} is no decimal of at most ${PLACES} places`)
  const [, whole = '', fraction = ''] = match
  return BigInt(whole + fraction.padEnd(PLACES, '0'))
}
