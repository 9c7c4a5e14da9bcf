// What replies cost, and who records it: prices and catalogue joined with the store.
import type { Pool } from 'pg'
import type { Audit } from '../audit/events.ts'
import type { Config } from '../config/config.ts'
import type { Catalog } from '../inference/catalog.ts'
import { pricedModels } from '../inference/priced-models.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { AlertDelivery } from '../spend/alert-delivery.ts'
import { createAlerts } from '../spend/alerts.ts'
import type { SpendObserver } from '../spend/observer.ts'
import { type Cost, Pricing } from '../spend/pricing.ts'
import { type RecordedUsage, Recording } from '../spend/recording.ts'
import { UnknownPrices } from '../spend/unknown-prices.ts'

export interface PricesOptions {
  readonly config: Config
  readonly catalog: Catalog
  readonly log: Log
}

/** What replies cost by the configuration's prices, and what they would cost by the list. */
export interface Prices {
  readonly pricing: Pricing
  readonly costOf: (record: RecordedUsage) => Cost
  readonly listOf: (record: RecordedUsage) => Cost
}

/** Says so, once each, of models that have no price. */
export function openPrices({ config, catalog, log }: PricesOptions): Prices {
  const unknown = new UnknownPrices(log)
  const models = pricedModels(config.upstreams)
  const regionalPremium = config.gatehouse.spend.regional_premium
  const by = (pricing: Pricing) => (record: RecordedUsage) => {
    const { upstream, upstream_model: sentAs, client_model: requested } = record
    const id = catalog.resolve(requested)?.id ?? requested
    return pricing.cost(record, { upstream, sentAs, requested, id })
  }
  const pricing = new Pricing({ models, pricing: config.pricing, regionalPremium })
  const own = by(pricing)
  const costOf = remembered(record => {
    const cost = own(record)
    unknown.met(record.upstream, cost.unknown)
    return cost
  })
  if (config.pricing === undefined) return { pricing, costOf, listOf: costOf }
  // That the list has no price of a model with a row in `pricing.overrides` is nobody's mistake.
  const list = new Pricing({ models, pricing: undefined, regionalPremium })
  return { pricing, costOf, listOf: remembered(by(list)) }
}

/** The metrics, the audit and the record ask for the same reply, one after the other. */
function remembered(costOf: (record: RecordedUsage) => Cost): (record: RecordedUsage) => Cost {
  const known = new WeakMap<RecordedUsage, Cost>()
  return record => {
    const cost = known.get(record) ?? costOf(record)
    known.set(record, cost)
    return cost
  }
}

export interface OpenRecordingOptions {
  readonly config: Config
  readonly pool: Pool
  readonly catalog: Catalog
  readonly prices: Prices
  readonly audit: Audit
  readonly auditWritten: () => Promise<void>
  readonly observer: SpendObserver | null
  /** Null where no webhook is configured. */
  readonly alertDelivery: AlertDelivery | null
  readonly log: Log
  readonly clock: Clock
  /** A clock that only goes forward. */
  readonly monotonic: Clock
}

/** Null without `admin`: then nothing is recorded. */
export function openRecording(options: OpenRecordingOptions): Recording | null {
  const { config, pool, catalog, prices, audit, auditWritten, observer, alertDelivery, log } = options
  const { clock, monotonic } = options
  if (config.admin === undefined) return null
  const alerts = createAlerts({
    ...{ shares: config.gatehouse.spend.alerts, groupLimitMode: config.admin.group_limit_mode },
    ...{ audit, log, clock, delivery: alertDelivery },
  })
  return new Recording({
    ...{ pool, audit, auditWritten, observer, alerts, log, clock: monotonic, config: config.gatehouse.spend },
    costsOf: record => ({ amount: prices.costOf(record).amount, list: prices.listOf(record).amount }),
    modelOf: requested => catalog.resolve(requested)?.id ?? requested,
  })
}
