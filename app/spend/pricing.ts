// What a request costs: usage × rates × multiplier, exact until it is rounded up once.
import type { PricingConfig } from '../config/pricing.ts'
import {
  flatPrice,
  type ListedModel,
  listPrice,
  type Price,
  type PriceSource,
  type Rates,
  ratesAt,
  scaledPrice,
  scaledRates,
  UNKNOWN_PRICE,
  WEB_SEARCH,
} from './list-prices.ts'
import { dividedUp, type Factor, factorOf, type NanoUsd, nanoUsd } from './money.ts'
import { Overrides, type Sought } from './overrides.ts'

/** Which models there are, and how they are spelled. */
export interface PricedModels {
  readonly rows: readonly ListedModel[]
  /** The id of the built-in that a name spells exactly, in lower case; null for none. */
  spelled(name: string): string | null
  /** The id of the built-in that a string stands for, in any provider's form; null for none. */
  behind(name: string): string | null
  /** Whether an upstream serves this string from a region, and not from wherever there is room. */
  isRegional(upstream: string, upstreamModel: string): boolean
}

export interface PricingOptions {
  readonly models: PricedModels
  /** `pricing`; undefined is the list price. */
  readonly pricing: PricingConfig | undefined
  /** `gatehouse.spend.regional_premium`: whether regional endpoints of clouds cost what their price lists add. */
  readonly regionalPremium: boolean
}

/** Who served what. */
export interface Served {
  readonly upstream: string
  /** The string that was sent upstream. */
  readonly sentAs: string
  /** The id that the client sent. */
  readonly requested: string
  /** The catalogue's id for it. */
  readonly id: string
}

/** Tokens that one model spent. */
interface Part {
  readonly model: string
  readonly input: number
  readonly output: number
  readonly cache_write_5m: number
  readonly cache_write_1h: number
  readonly cache_read: number
}

/** What a reply says that it used. */
export interface Usage {
  readonly parts: readonly Part[]
  /** The model that the reply says it is from. */
  readonly served_model: string
  readonly web_searches: number
  readonly speed: string | null
  readonly inference_geo: string | null
}

export interface Cost {
  readonly amount: NanoUsd
  /** The models that nobody recognises, as they were spelled. */
  readonly unknown: readonly string[]
}

/** Of tokens × nano-dollars per million tokens × millionths, so many are one nano-dollar. */
export const RATE_DIVISOR = 10n ** 12n
const MILLION = 10n ** 6n

/** Prices of one configuration; it answers, and keeps nothing. */
export class Pricing {
  readonly #models: PricedModels
  readonly #overrides: Overrides
  readonly #regional: ReadonlyMap<string, Factor>
  readonly #list: ReadonlyMap<string, Price>
  readonly multiplier: Factor

  constructor({ models, pricing, regionalPremium }: PricingOptions) {
    this.#models = models
    this.#overrides = new Overrides(pricing?.overrides ?? [], name => models.spelled(name))
    this.#list = new Map(models.rows.map(row => [row.id, listPrice(row)]))
    const regional = regionalPremium ? models.rows : []
    this.#regional = new Map(regional.map(row => [row.id, factorOf(row.regionalMultiplier ?? '1')]))
    this.multiplier = factorOf(pricing?.multiplier ?? '1')
  }

  /** What a reply costs, rounded up to a nano-dollar once, at the end (M-2). Never rejects a reply: what is unknown costs too. */
  cost(usage: Usage, served: Served): Cost {
    const unknown = new Set<string>()
    const sent = this.#models.behind(served.sentAs)
    let sum = BigInt(usage.web_searches) * WEB_SEARCH * MILLION
    for (const part of usage.parts) {
      const { price, name } = this.#priceOfPart(part, { usage, served, sent })
      if (price.source.kind === 'unknown') unknown.add(name)
      sum += tokenSum(part, ratesFor(price, part, usage))
    }
    return { amount: nanoUsd(dividedUp(sum * this.multiplier, RATE_DIVISOR)), unknown: [...unknown] }
  }

  /** The price of the model that was asked for (M-27). */
  price(served: Served): Price {
    return this.#priceAsked(served, this.#models.behind(served.sentAs))
  }

  /**
   * Advisors and the like have their own price; what the reply calls the model that was asked for does not matter.
   * `sent` is the built-in in the string that was sent.
   */
  #priceOfPart(
    part: Part,
    { usage, served, sent }: { usage: Usage; served: Served; sent: string | null },
  ): { price: Price; name: string } {
    const reported = this.#models.behind(part.model)
    const isAsked = reported === null || sent === null ? part.model === usage.served_model : reported === sent
    if (isAsked) return { price: this.#priceAsked(served, sent), name: served.sentAs }
    const sought = { upstream: served.upstream, names: [part.model], builtin: reported }
    return { price: this.#price(sought, served.sentAs), name: part.model }
  }

  /** The built-in in the string that is sent, else the one in the catalogue's id. */
  #priceAsked({ upstream, sentAs, requested, id }: Served, sent: string | null): Price {
    const builtin = sent ?? this.#models.behind(id)
    return this.#price({ upstream, names: [sentAs, requested, id], builtin }, sentAs)
  }

  #price(sought: Sought, sentAs: string): Price {
    const override = this.#overrides.find(sought)
    if (override !== null) return overridePrice(override.row, { kind: 'override', row: override.index })
    const { builtin, upstream } = sought
    const price = builtin === null ? undefined : this.#list.get(builtin)
    if (builtin === null || price === undefined) return UNKNOWN_PRICE
    const premium = this.#regional.get(builtin)
    const isDearer = premium !== undefined && this.#models.isRegional(upstream, sentAs)
    return isDearer ? scaledPrice(price, premium) : price
  }
}

/** One rate for both lifetimes of the cache, as clients apply the pushed row (M-29). */
function overridePrice(row: PricingConfig['overrides'][number], source: PriceSource): Price {
  const { input, output, cache_read: cacheRead, cache_write: cacheWrite } = row
  return flatPrice(source, { input, output, cacheRead, cacheWrite5m: cacheWrite, cacheWrite1h: cacheWrite })
}

/** What the reply says of itself decides: its speed, its size, its place (M-28). */
function ratesFor(price: Price, part: Part, { speed, inference_geo }: Usage): Rates {
  const prompt = [part.input, part.cache_read, part.cache_write_5m, part.cache_write_1h]
  const promptTokens = prompt.reduce((sum, tokens) => sum + BigInt(tokens), 0n)
  const rates = (speed === 'fast' ? price.fast : null) ?? ratesAt(price, promptTokens)
  return inference_geo === 'us' ? scaledRates(rates, price.usGeo) : rates
}

function tokenSum(part: Part, rates: Rates): bigint {
  return (
    BigInt(part.input) * rates.input +
    BigInt(part.output) * rates.output +
    BigInt(part.cache_read) * rates.cacheRead +
    BigInt(part.cache_write_5m) * rates.cacheWrite5m +
    BigInt(part.cache_write_1h) * rates.cacheWrite1h
  )
}
