// A replica that delivers alerts over real sockets: the test says when it looks, and when time has passed.
import type { LookupFunction } from 'node:net'
import type pg from 'pg'
import type { AlertWebhookConfig } from '../../app/config/alerts.ts'
import { openNetwork } from '../../app/net/network.ts'
import { createPost } from '../../app/net/post.ts'
import { AlertDelivery } from '../../app/spend/alert-delivery.ts'
import { recordLog } from './recorded-log.ts'
import { NOW, setCap, spend } from './spent.ts'

export const SECRET = 'marked-secret-0123456789-abcdefghijklmnop'

export interface AlertRig extends AsyncDisposable {
  readonly delivery: AlertDelivery
  readonly log: ReturnType<typeof recordLog>
  /** How many timers look for alerts. */
  readonly timers: number
}

export interface AlertRigOptions {
  readonly pool: pg.Pool
  readonly url: string
  readonly webhook?: Partial<AlertWebhookConfig>
  /** Default a minute. */
  readonly totalMs?: number
  readonly allowLoopback?: boolean
  readonly lookup?: LookupFunction
  /** PEM of the authority that the receiver's certificate is from. */
  readonly ca?: string
}

export function openAlertRig({ pool, url, webhook = {}, ...options }: AlertRigOptions): AlertRig {
  const { totalMs = 60_000, allowLoopback = true, lookup, ca } = options
  const log = recordLog()
  const network = openNetwork({ allowLoopback, lookup })
  let timers = 0
  const delivery = new AlertDelivery({
    ...{ pool, log, clock: () => NOW, random: () => 0, product: 'gatehouse/9.9.9' },
    webhook: { url, secret: SECRET, format: 'json', headers: {}, ...webhook },
    post: createPost({ dispatcher: network.dispatcher({ purpose: 'webhook', ca }), totalMs }),
    every: () => {
      timers += 1
      return () => {
        timers -= 1
      }
    },
  })
  return {
    delivery,
    log,
    get timers() {
      return timers
    },
    async [Symbol.asyncDispose]() {
      await delivery.close()
      await network.close()
    },
  }
}

/** Raises one alert: half of a cap of ten dollars. */
export async function raiseOne(pool: pg.Pool, principal = 'ada'): Promise<string> {
  await setCap(pool, { scope: `user:${principal}`, amount: 1000 })
  const [alert] = await spend(pool, { principal, cents: 512, shares: ['0.5'] })
  return alert?.id ?? ''
}

/** Whatever pause or lease is running is over. */
export async function pauseOver(pool: pg.Pool): Promise<void> {
  await pool.query('update spend_alerts set due_at = now() where due_at is not null')
}

/** How far the delivery of every alert is: `pending`, `delivered`, or `given up`, and after how many attempts. */
export async function states(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ state: string }>(`
    select case when delivered_at is not null then 'delivered' when due_at is not null then 'pending' else 'given up' end
           || ' ' || attempts as state
      from spend_alerts order by 1`)
  return rows.map(({ state }) => state)
}
