// What a request may cost, guessed before it is served (M-38).
import { type Price, ratesAt } from './list-prices.ts'
import { dividedUp, type Factor, type NanoUsd, nanoUsd } from './money.ts'
import { RATE_DIVISOR } from './pricing.ts'

/** What is known of a request before it is served. */
export interface Asked {
  /** Where it would be served first. */
  readonly upstream: string
  readonly upstreamModel: string
  readonly clientModel: string
  readonly bodyBytes: number
  /** `max_tokens`, a whole number; null where the body has none. */
  readonly maxTokens: number | null
  /** The model's window in tokens; null where it is unknown. */
  readonly contextWindow: number | null
}

export interface EstimateOptions {
  /** At the first upstream that would serve. */
  readonly price: Price
  /** `pricing.multiplier`. */
  readonly multiplier: Factor
  /** `gatehouse.spend.reserve_output_tokens`: hardly any answer is as long as `max_tokens` allows. */
  readonly outputTokens: number
}

const BYTES_PER_TOKEN = 4n

/**
 * The whole body as new tokens of the prompt, written to the cache where that is dearer, and the longest answer.
 *
 * At the standard speed: what the request says of speed and place is read in its answer only (M-28).
 */
export function estimatedCost(
  asked: Pick<Asked, 'bodyBytes' | 'maxTokens' | 'contextWindow'>,
  { price, multiplier, outputTokens }: EstimateOptions,
): NanoUsd {
  const tokens = dividedUp(BigInt(asked.bodyBytes), BYTES_PER_TOKEN)
  const input = asked.contextWindow === null ? tokens : smaller(tokens, BigInt(asked.contextWindow))
  const most = BigInt(outputTokens)
  const output = asked.maxTokens === null ? most : smaller(BigInt(asked.maxTokens), most)
  const rates = ratesAt(price, input)
  const inputRate = larger(rates.cacheWrite5m, rates.input)
  return nanoUsd(dividedUp((input * inputRate + output * rates.output) * multiplier, RATE_DIVISOR))
}

function smaller(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}

function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}
