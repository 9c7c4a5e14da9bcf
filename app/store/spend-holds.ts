// Reservations: estimates of running requests, held on the counters of spend. The database's clock says when one expires.
import type pg from 'pg'
import type { Period, Periods } from '../lib/periods.ts'

/** One request that wants to be admitted. */
export interface Reservation {
  /** A UUID. */
  readonly entryId: string
  readonly principal: string
  /** The groups of the token. */
  readonly groups: readonly string[]
  /** `admin.group_limit_mode`. */
  readonly mode: 'min' | 'max'
  /** Those of its admission (M-5). */
  readonly periods: Periods
  /** What it may cost, in billionths of a US dollar. */
  readonly estimate: bigint
}

/** What was there before the reservation, and whether it was taken. Amounts are whole cents; null is unlimited. */
export interface Reserved {
  readonly isTaken: boolean
  /** The first bound that is not spent and has no room beside other holds; null when there is none. */
  readonly lacking: { readonly source: string; readonly period: Period; readonly cents: bigint } | null
  /** Every row that can apply, of all three periods. */
  readonly caps: readonly CapRow[]
  /** Billionths of a US dollar. */
  readonly spent: Readonly<Record<Period, bigint>>
  /** By name. */
  readonly pools: readonly PoolRow[]
}

export interface CapRow {
  readonly id: string
  readonly scope_type: 'user' | 'rbac_group' | 'organization'
  /** Empty for the organization. */
  readonly scope_id: string
  readonly period: Period
  readonly cents: bigint | null
}

export interface PoolRow {
  readonly group: string
  readonly cents: bigint
  /** Billionths of a US dollar. */
  readonly spent: bigint
}

/** How long a hold lives without being renewed (M-41). */
const HOLD = '90 seconds'

/**
 * Holds the estimate on the caller's three counters and on all pools, where every bound has room, or else nowhere.
 *
 * The check and the hold are one: of two calls at the same time the second sees the hold of the first.
 */
export async function reserveSpend(client: pg.Pool | pg.PoolClient, wanted: Reservation): Promise<Reserved> {
  const { daily, weekly, monthly } = wanted.periods
  const spans = [daily, weekly, monthly]
  const { rows } = await client.query<ReservedRow>({
    name: 'spend_reserve',
    text: `select * from reserve_spend($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      wanted.entryId,
      wanted.principal,
      JSON.stringify(wanted.groups),
      wanted.mode,
      spans.map(({ key }) => key),
      spans.map(({ startsAt }) => new Date(startsAt).toISOString().slice(0, 10)),
      wanted.estimate,
      HOLD,
    ],
  })
  return readReserved(rows[0]!) // a function with output parameters yields one row
}

/** Keeps these holds for their whole time again; answers which of them there still are. */
export async function renewHolds(pool: pg.Pool, entryIds: readonly string[]): Promise<string[]> {
  // One that somebody is giving back at this moment is passed over: waiting for it could deadlock.
  const { rows } = await pool.query<{ entry_id: string }>({
    name: 'spend_holds_renew',
    text: `
      update spend_holds set expires_at = now() + $2::interval
       where entry_id = any (array(
             select entry_id from spend_holds where entry_id = any ($1::uuid[]) for update skip locked))
      returning entry_id`,
    values: [entryIds, HOLD],
  })
  return rows.map(({ entry_id }) => entry_id)
}

/** Gives back at most `max` holds that nobody renewed in time, each once, the oldest first; answers how many there were. */
export async function sweepHolds(pool: pg.Pool, max: number): Promise<number> {
  const { rows } = await pool.query<{ released: number }>({
    name: 'spend_holds_sweep',
    text: `select sweep_holds($1) as released`,
    values: [max],
  })
  return rows[0]?.released ?? 0
}

interface ReservedRow {
  taken: boolean
  lacking: { source: string; period: Period; amount: string } | null
  caps: {
    id: string
    scope_type: CapRow['scope_type']
    scope_id: string
    period: Period
    amount: string | null
  }[]
  counters: { period: Period; nano_usd: string }[]
  pools: { rbac_group_id: string; amount: string; nano_usd: string }[]
}

function readReserved({ taken, lacking, caps, counters, pools }: ReservedRow): Reserved {
  const spentIn = (name: Period) => BigInt(counters.find(({ period }) => period === name)?.nano_usd ?? 0)
  return {
    isTaken: taken,
    lacking: lacking && {
      source: lacking.source,
      period: lacking.period,
      cents: BigInt(lacking.amount),
    },
    caps: caps.map(({ amount, ...row }) => ({ ...row, cents: amount === null ? null : BigInt(amount) })),
    spent: { daily: spentIn('daily'), weekly: spentIn('weekly'), monthly: spentIn('monthly') },
    pools: pools.map(({ rbac_group_id, amount, nano_usd }) => ({
      ...{ group: rbac_group_id, cents: BigInt(amount), spent: BigInt(nano_usd) },
    })),
  }
}
