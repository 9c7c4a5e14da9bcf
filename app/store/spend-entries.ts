import type pg from 'pg'
import type { AlertRow } from './spend-alerts.ts'

/** What is settled together. */
export interface Settling {
  /** A list of entries in JSON, as `settle_spend` takes them. */
  readonly entries: string
  /** Ids of requests that used nothing, whose holds are given back. */
  readonly released: readonly string[]
}

/** A statement that was not answered by then may have been carried out all the same; settling it again tells. */
const SETTLE_MS = 5000

/**
 * Stores entries with everything that follows from them: counters, pools, the day's usage, groups, and the end of holds.
 * All of it happens or none, and an entry that is there already changes nothing. Answers how many were new.
 */
export async function settleSpend(pool: pg.Pool, { entries, released }: Settling): Promise<number> {
  const query = {
    name: 'settle_spend',
    text: `select settle_spend($1::jsonb, $2::uuid[]) as fresh`,
    values: [entries, released],
    query_timeout: SETTLE_MS,
  }
  const { rows } = await pool.query<{ fresh: number }>(query)
  return rows[0]?.fresh ?? 0
}

/** Which shares of caps raise alerts. */
export interface AlertTerms {
  /** Decimals. */
  readonly shares: readonly string[]
  readonly groupLimitMode: 'min' | 'max'
  /** Whether alerts are to be sent to somebody. */
  readonly isSent: boolean
}

/** What a settlement raised: each alert for the only time, but for one whose answer was lost and that is repeated. */
export interface Raised {
  readonly alerts: readonly AlertRow[]
  /** Why nothing could be raised, though all was settled; else null. */
  readonly fault: string | null
}

/** As `settleSpend`, and in the same transaction raises the alerts that the developers have reached (M-48a). */
export async function settleAndAlert(
  pool: pg.Pool,
  { entries, released }: Settling,
  { shares, groupLimitMode, isSent }: AlertTerms,
): Promise<Raised> {
  const query = {
    name: 'settle_and_alert',
    text: `select alerts, fault from settle_and_alert($1::jsonb, $2::uuid[], $3::numeric[], $4, $5)`,
    values: [entries, released, shares, groupLimitMode, isSent],
    query_timeout: SETTLE_MS,
  }
  const { rows } = await pool.query<Raised>(query)
  return rows[0] ?? { alerts: [], fault: null }
}
