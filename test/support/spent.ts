// Spends money as a settlement does: counters first, then the alerts that they reach, in one transaction.
import type pg from 'pg'
import { periodsAt } from '../../app/lib/periods.ts'
import type { AlertRow } from '../../app/store/spend-alerts.ts'
import { inTransaction } from '../../app/store/transaction.ts'

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

/** Adds to the counters of a developer and of the developer's groups; answers the alerts that were raised. */
export function spend(pool: pg.Pool, spending: Spending): Promise<AlertRow[]> {
  const { principal, groups = [], cents, at = NOW } = spending
  const { shares = SHARES, mode = 'min', notify = true } = spending
  const { daily, weekly, monthly } = periodsAt(at)
  const who = { principal, groups, daily: daily.key, weekly: weekly.key, monthly: monthly.key }
  return inTransaction(pool, async client => {
    await client.query(
      `insert into spend (principal, period, period_start, nano_usd)
       select $1, key, $3, $2::bigint * 10000000 from unnest($4::text[]) as key order by key
       on conflict (principal, period) do update set nano_usd = spend.nano_usd + excluded.nano_usd`,
      [principal, cents, new Date(at), [daily.key, weekly.key, monthly.key]],
    )
    await client.query(
      `insert into pooled_spend (rbac_group_id, period, period_start, nano_usd)
       select scope_id, $3, $4, $2::bigint * 10000000 from spend_limits
        where scope_id = any ($1) and pool_amount is not null order by scope_id
       on conflict (rbac_group_id, period) do update set nano_usd = pooled_spend.nano_usd + excluded.nano_usd`,
      [groups, cents, monthly.key, new Date(at)],
    )
    const { rows } = await client.query<AlertRow>(
      `select * from raise_spend_alerts($1, $2::numeric[], $3, $4)`,
      [JSON.stringify([who]), shares, mode, notify],
    )
    return rows
  })
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
