// What one model costs on one upstream, and where that price comes from.
import type { Config } from '../config/config.ts'
import type { Catalog } from '../inference/catalog.ts'
import { pricedModels } from '../inference/priced-models.ts'
import type { PriceSource, Rates } from '../spend/list-prices.ts'
import { type Factor, factorText, rateText } from '../spend/money.ts'
import { Pricing } from '../spend/pricing.ts'

/** US dollars per million tokens as decimal text, `pricing.multiplier` included. */
type ShownRates = Readonly<Record<keyof Rates, string>>

/** A model on an upstream. */
export interface PriceRow extends ShownRates {
  readonly model: string
  readonly upstream: string
  readonly source: PriceSource
  readonly multiplier: string
  /** At fast speed; null where that costs the same. */
  readonly fast: ShownRates | null
  /** Above so many prompt tokens; from the highest bound down. */
  readonly tiers: readonly (ShownRates & { readonly promptTokensAbove: number })[]
  /** A factor for inference that is kept in the US. */
  readonly usGeo: string
}

/** The price of each model on each upstream that takes it, in the order in which they are asked. */
export function priceRows(config: Config, catalog: Catalog, models: readonly string[]): PriceRow[] {
  const pricing = new Pricing({
    models: pricedModels(config.upstreams),
    pricing: config.pricing,
    regionalPremium: config.gatehouse.spend.regional_premium,
  })
  const { multiplier } = pricing
  return models.flatMap(id =>
    (catalog.resolve(id)?.routes ?? []).map(({ upstream, model: sentAs }): PriceRow => {
      const price = pricing.price({ upstream, sentAs, requested: id, id })
      return {
        ...{ model: id, upstream, source: price.source },
        ...shown(price.standard, multiplier),
        multiplier: factorText(multiplier),
        fast: price.fast && shown(price.fast, multiplier),
        tiers: price.tiers.map(({ promptTokensAbove, rates }) => ({
          promptTokensAbove: Number(promptTokensAbove),
          ...shown(rates, multiplier),
        })),
        usGeo: factorText(price.usGeo),
      }
    }),
  )
}

function shown(rates: Rates, multiplier: Factor): ShownRates {
  return {
    input: rateText(rates.input, multiplier),
    output: rateText(rates.output, multiplier),
    cacheRead: rateText(rates.cacheRead, multiplier),
    cacheWrite5m: rateText(rates.cacheWrite5m, multiplier),
    cacheWrite1h: rateText(rates.cacheWrite1h, multiplier),
  }
}

/** `5 in, 25 out, cache 0.5 read, 6.25 written for 5 min, 10 for 1 h (list of 2026-08-21)`. */
export function priceText(row: PriceRow): string {
  const { input, output, cacheRead, cacheWrite5m, cacheWrite1h } = row
  const cache = `cache ${cacheRead} read, ${cacheWrite5m} written for 5 min, ${cacheWrite1h} for 1 h`
  const dearer = [
    ...(row.fast === null ? [] : ['other rates at fast speed']),
    ...row.tiers.map(tier => `other rates above ${tier.promptTokensAbove} prompt tokens`),
    ...(row.usGeo === '1' ? [] : [`times ${row.usGeo} in the US only`]),
  ]
  return [`${input} in, ${output} out, ${cache} (${sourceText(row)})`, ...dearer].join('; ')
}

function sourceText({ source, multiplier }: PriceRow): string {
  const times = multiplier === '1' ? '' : `, times ${multiplier}`
  switch (source.kind) {
    case 'list':
      return `list of ${source.asOf}${times}`
    case 'override':
      return `pricing.overrides[${source.row}]${times}`
    case 'unknown':
      return `nobody knows this model${times}`
  }
}
