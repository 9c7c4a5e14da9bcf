// Spends money: one request is settled, and raises the alerts that it reaches.
import type pg from 'pg'
import type { AlertRow } from '../../app/store/spend-alerts.ts'
import { type Raised, settleAndAlert } from '../../app/store/spend-entries.ts'
import { entry } from './entries.ts'

/** A moment of the tests: a Wednesday. */
export const NOW = Date.parse('2026-11-18T12:00:00Z')

export const SHARES: readonly string[] = ['0.5', '0.8', '0.9', '1']

export interface Spending {
  readonly principal: string
  /** Default none. */
  readonly groups?: readonly string[]
  readonly cents: number
  /** Default `SHARES`. */
  readonly shares?: readonly string[]
  readonly mode?: 'min' | 'max'
  /** Whether the alerts are to be sent; default true. */
  readonly notify?: boolean
  /** Default `NOW`. */
  readonly at?: number
}

/** Settles one request of the developer; answers the alerts that were raised. */
export async function spend(pool: pg.Pool, spending: Spending): Promise<readonly AlertRow[]> {
  const { alerts, fault } = await settle(pool, spending)
  if (fault !== null) throw new Error(fault)
  return alerts
}

/** Settles one request of the developer. */
export function settle(pool: pg.Pool, spending: Spending): Promise<Raised> {
  const { principal: sub, groups = [], cents, at = NOW } = spending
  const { shares = SHARES, mode: groupLimitMode = 'min', notify: isSent = true } = spending
  const used = entry({ sub, groups, at, nano: BigInt(cents) * 10_000_000n })
  const settling = { entries: JSON.stringify([used]), released: [] }
  return settleAndAlert(pool, settling, { shares, groupLimitMode, isSent })
}

export interface Cap {
  /** `user:ada`, `rbac_group:eng` or `organization`. */
  readonly scope: string
  /** Default monthly. */
  readonly period?: 'daily' | 'weekly' | 'monthly'
  /** Cents; null is unlimited. */
  readonly amount: number | null
  /** Cents of a group's shared budget; default none. */
  readonly pool?: number | null
}

/** Sets a cap, or replaces it. */
export async function setCap(
  client: Pick<pg.Pool, 'query'>,
  { scope, period = 'monthly', amount, pool = null }: Cap,
): Promise<void> {
  const [type = '', id = ''] = scope.split(':')
  await client.query(
    `insert into spend_limits (id, scope_type, scope_id, period, amount, pool_amount, created_by)
     values ('spl_' || md5($1 || $2 || $3), $1, $2, $3, $4, $5, 'test')
     on conflict (scope_type, scope_id, period) do update
       set amount = excluded.amount, pool_amount = excluded.pool_amount`,
    [type, id, period, amount, pool],
  )
}

/** An alert in a word: `user:ada 2026-11 0.5 of 1000 at 500`, in cents. */
export function inWords({ scope, period, share, cap_cents, nano_usd }: AlertRow): string {
  return `${scope} ${period} ${share} of ${cap_cents} at ${BigInt(nano_usd) / 10_000_000n}`
}
