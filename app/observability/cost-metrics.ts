// What replies cost, as metrics: sums are exact here, and become dollars with a fraction only where they are read.
import type { UsageRecord } from '../inference/usage-record.ts'
import type { Cost } from '../spend/pricing.ts'
import type { Amount, Family, Measurements } from './series.ts'

/** What a reply costs. */
export type CostOf = (record: UsageRecord) => Cost

interface CostMetricsOptions {
  readonly measurements: Measurements
  readonly costOf: CostOf
  /** The catalogue's id for what a client asked for; `other` for what it does not know. */
  readonly modelOf: (requested: string) => string
}

const NANO_PER_USD = 1e9

/** Counts what replies cost, which of them were estimated, and which have no known price (T-30). */
export class CostMetrics {
  readonly #costOf: CostOf
  readonly #modelOf: CostMetricsOptions['modelOf']
  readonly #cost: Family<Amount>
  readonly #estimated: Family<Amount>
  readonly #unknown: Family<Amount>
  /** Nano-dollars, by series: what a series shows is made from its sum, not added to (T-33). */
  readonly #sums = new Map<Amount, bigint>()

  constructor({ measurements, costOf, modelOf }: CostMetricsOptions) {
    this.#costOf = costOf
    this.#modelOf = modelOf
    this.#cost = measurements.amounts('gatehouse.inference.cost')
    this.#estimated = measurements.amounts('gatehouse.spend.estimated')
    this.#unknown = measurements.amounts('gatehouse.spend.unknown_price')
  }

  /** One reply is over. */
  add(record: UsageRecord): void {
    const { amount, unknown } = this.#costOf(record)
    const series = this.#cost.of(record.upstream, this.#modelOf(record.client_model))
    const sum = (this.#sums.get(series) ?? 0n) + amount
    this.#sums.set(series, sum)
    series.set(Number(sum) / NANO_PER_USD)
    if (record.estimated) this.#estimated.of(record.aborted ? 'aborted' : 'no_usage').add(1)
    if (unknown.length > 0) this.#unknown.of(record.upstream).add(1)
  }
}
