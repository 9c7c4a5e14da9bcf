// The way of alerts out of this process.
import type pg from 'pg'
import type { AlertWebhookConfig } from '../config/alerts.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Network } from '../net/network.ts'
import { createPost } from '../net/post.ts'
import { AlertDelivery } from './alert-delivery.ts'

export interface OpenAlertsOptions {
  /** `gatehouse.spend.alert_webhook`. */
  readonly webhook: AlertWebhookConfig | undefined
  readonly network: Pick<Network, 'dispatcher'>
  readonly pool: pg.Pool
  readonly version: string
  readonly log: Log
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
}

/** From the call to the end of the receiver's answer. */
const TOTAL_MS = 15_000

/** Begins to look for alerts to send; null where no webhook is configured. */
export function openAlertDelivery(options: OpenAlertsOptions): AlertDelivery | null {
  const { webhook, network, pool, version, log, clock, random } = options
  if (webhook === undefined) return null
  const dispatcher = network.dispatcher({ purpose: 'webhook', name: 'of alerts' })
  return new AlertDelivery({
    ...{ webhook, pool, log, clock, random, product: `gatehouse/${version}` },
    post: createPost({ dispatcher, totalMs: TOTAL_MS }),
  })
}
