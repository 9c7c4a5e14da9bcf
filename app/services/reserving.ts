// What reservations need beside the gate: a price for what has not been served yet, and somebody who keeps them.
import type { Pool } from 'pg'
import type { Config } from '../config/config.ts'
import type { Catalog } from '../inference/catalog.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { type Asked, estimatedCost } from '../spend/estimate.ts'
import { Holds } from '../spend/holds.ts'
import type { NanoUsd } from '../spend/money.ts'
import type { Pricing } from '../spend/pricing.ts'
import type { StoreObserver } from '../store/observer.ts'

export interface OpenReservingOptions {
  readonly config: Config
  readonly pool: Pool
  readonly catalog: Catalog
  readonly pricing: Pricing
  readonly observer: Pick<StoreObserver, 'swept'> | null
  readonly log: Log
  readonly clock: Clock
  /** Takes what ends the renewals. */
  readonly opening: AsyncDisposableStack
}

export interface OpenReserving {
  readonly holds: Holds
  /** What a request may cost. */
  estimate(asked: Asked): NanoUsd
}

/** Null unless `gatehouse.spend.reserve` is on, with `admin`. */
export function openReserving(options: OpenReservingOptions): OpenReserving | null {
  const { config, catalog, pricing, opening } = options
  const { reserve, reserve_output_tokens: outputTokens } = config.gatehouse.spend
  if (config.admin === undefined || !reserve) return null
  const holds = new Holds(options)
  opening.defer(() => holds.close())
  return {
    holds,
    estimate(asked) {
      const { upstream, upstreamModel: sentAs, clientModel: requested } = asked
      const id = catalog.resolve(requested)?.id ?? requested
      const price = pricing.price({ upstream, sentAs, requested, id })
      return estimatedCost(asked, { price, multiplier: pricing.multiplier, outputTokens })
    },
  }
}
