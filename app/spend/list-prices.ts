// What a model costs where nobody has agreed on something else: the table of models as integers, and what no row says.
import { type Factor, factorOf, type NanoUsd, nanoUsd, type Rate, rateOf, scaled } from './money.ts'

/** US dollars per million tokens, as decimal text of at most six places. */
interface RateTexts {
  readonly input: string
  readonly output: string
  readonly cacheRead: string
  readonly cacheWrite5m: string
  readonly cacheWrite1h: string
}

/** What must be known of a row of the table of models. */
export interface ListedModel {
  readonly id: string
  readonly prices: RateTexts & {
    readonly fast?: RateTexts
    readonly tiers?: readonly (RateTexts & { readonly promptTokensAbove: number })[]
  }
  readonly usGeoMultiplier: string | null
  readonly regionalMultiplier: string | null
  readonly asOf: string
}

/** What each kind of token costs. */
export interface Rates {
  readonly input: Rate
  readonly output: Rate
  readonly cacheRead: Rate
  readonly cacheWrite5m: Rate
  readonly cacheWrite1h: Rate
}

/** Where a price comes from. */
export type PriceSource =
  | { readonly kind: 'list'; readonly model: string; readonly asOf: string }
  /** By its place in `pricing.overrides`. */
  | { readonly kind: 'override'; readonly row: number }
  | { readonly kind: 'unknown' }

/** A price before the multiplier of `pricing`. */
export interface Price {
  readonly source: PriceSource
  readonly standard: Rates
  /** At fast speed; null where that costs the same, or is not offered. */
  readonly fast: Rates | null
  /** Above so many prompt tokens (input and cache), these rates hold for all tokens; from the highest bound down. */
  readonly tiers: readonly { readonly promptTokensAbove: bigint; readonly rates: Rates }[]
  /** On all token prices of inference that is kept in the US. */
  readonly usGeo: Factor
}

const ONE = factorOf('1')

/** A search on the web: one cent, whatever the model, and no override changes it (M-30). */
export const WEB_SEARCH: NanoUsd = nanoUsd(10_000_000n)

/** The price of what nobody recognises (M-27); the figures of the cache are ours. */
export const UNKNOWN_PRICE: Price = flatPrice(
  { kind: 'unknown' },
  {
    ...{ input: '5', output: '25' },
    ...{ cacheRead: '0.5', cacheWrite5m: '6.25', cacheWrite1h: '10' },
  },
)

/** The same for every request, whatever its speed, size and place. */
export function flatPrice(source: PriceSource, texts: RateTexts): Price {
  return { source, standard: ratesOf(texts), fast: null, tiers: [], usGeo: ONE }
}

/** The list price of a row. */
export function listPrice({ id, prices, usGeoMultiplier, asOf }: ListedModel): Price {
  const tiers = (prices.tiers ?? []).map(tier => ({
    promptTokensAbove: BigInt(tier.promptTokensAbove),
    rates: ratesOf(tier),
  }))
  return {
    source: { kind: 'list', model: id, asOf },
    standard: ratesOf(prices),
    fast: prices.fast === undefined ? null : ratesOf(prices.fast),
    tiers: tiers.sort((a, b) => (a.promptTokensAbove < b.promptTokensAbove ? 1 : -1)),
    usGeo: usGeoMultiplier === null ? ONE : factorOf(usGeoMultiplier),
  }
}

/** The price with every rate times `factor`. */
export function scaledPrice(price: Price, factor: Factor): Price {
  return {
    ...price,
    standard: scaledRates(price.standard, factor),
    fast: price.fast && scaledRates(price.fast, factor),
    tiers: price.tiers.map(tier => ({ ...tier, rates: scaledRates(tier.rates, factor) })),
  }
}

/** Every rate times `factor`. */
export function scaledRates(rates: Rates, factor: Factor): Rates {
  return {
    input: scaled(rates.input, factor),
    output: scaled(rates.output, factor),
    cacheRead: scaled(rates.cacheRead, factor),
    cacheWrite5m: scaled(rates.cacheWrite5m, factor),
    cacheWrite1h: scaled(rates.cacheWrite1h, factor),
  }
}

function ratesOf(texts: RateTexts): Rates {
  return {
    input: rateOf(texts.input),
    output: rateOf(texts.output),
    cacheRead: rateOf(texts.cacheRead),
    cacheWrite5m: rateOf(texts.cacheWrite5m),
    cacheWrite1h: rateOf(texts.cacheWrite1h),
  }
}

/** The rates at the standard speed for a prompt of that size: those of its tier, where the price has some. */
export function ratesAt(price: Price, promptTokens: bigint): Rates {
  const tier = price.tiers.find(({ promptTokensAbove }) => promptTokens > promptTokensAbove)
  return tier?.rates ?? price.standard
}
