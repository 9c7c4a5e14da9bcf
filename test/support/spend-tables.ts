// The tables of spend as a test writes and reads them.
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { periodsAt } from '../../app/lib/periods.ts'
import { type Reserved, reserveSpend, type SpendRequest } from '../../app/store/spend-holds.ts'

/** A Sunday, in 2026-W47. */
export const NOON = Date.parse('2026-11-22T12:00:00Z')

export const PERIODS = periodsAt(NOON)

const CENT = 10_000_000n

export interface Cap {
  /** `user:<sub>`, `rbac_group:<name>` or `organization`. */
  readonly scope: string
  readonly period?: 'daily' | 'weekly' | 'monthly'
  /** Cents; null, the default, is unlimited. */
  readonly cents?: number | null
  readonly pool?: number
}

export async function setCaps(pool: pg.Pool, ...caps: readonly Cap[]): Promise<void> {
  for (const { scope, period = 'monthly', cents = null, pool: shared } of caps) {
    const [type, ...name] = scope.split(':')
    await pool.query(
      `insert into spend_limits (id, scope_type, scope_id, period, amount, pool_amount, created_by)
       values ('spl_' || md5(random()::text), $1, $2, $3, $4, $5, 'test')`,
      [type, name.join(':'), period, cents, shared ?? null],
    )
  }
}

export interface Wanted {
  readonly entryId?: string
  readonly principal?: string
  readonly groups?: readonly string[]
  readonly cents?: number
}

/** One cent of somebody in no group, unless `wanted` says something else. */
export function requestOf({ entryId, principal = 'ada', groups = [], cents = 1 }: Wanted): SpendRequest {
  const { daily, weekly, monthly } = PERIODS
  return {
    ...{ entry_id: entryId ?? randomUUID(), principal, groups, nano_usd: (BigInt(cents) * CENT).toString() },
    ...{ day: daily.key, week: weekly.key, month: monthly.key },
    week_start: dateOf(weekly.startsAt),
    month_start: dateOf(monthly.startsAt),
  }
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** Statements by whichever connection of the pool is free. */
export function connectionOf(pool: pg.Pool) {
  return {
    rows: async <Row extends unknown[]>(statement: pg.QueryArrayConfig) =>
      (await pool.query<Row>(statement)).rows,
  }
}

/** What becomes of requests that are sent together. */
export async function reserveAll(
  pool: pg.Pool,
  wanted: readonly Wanted[],
  mode: 'min' | 'max' = 'min',
): Promise<readonly (Reserved & { readonly entryId: string; readonly isTaken: boolean })[]> {
  const requests = wanted.map(requestOf)
  const reserved = await reserveSpend(connectionOf(pool), { requests, mode })
  return requests.map(({ entry_id }) => {
    const one = reserved.get(entry_id)
    if (one === undefined) throw new Error('a request was forgotten')
    return { ...one, entryId: entry_id, isTaken: one.lacking === null }
  })
}

/** What becomes of one request. */
export async function reserve(pool: pg.Pool, wanted: Wanted = {}, mode: 'min' | 'max' = 'min') {
  const [one] = await reserveAll(pool, [wanted], mode)
  if (one === undefined) throw new Error('a request was forgotten')
  return one
}

/** Charges `cents` to the three counters of `principal`, and to the pools. */
export async function charge(
  pool: pg.Pool,
  { principal = 'ada', cents, pools = [] }: { principal?: string; cents: number; pools?: readonly string[] },
): Promise<void> {
  const { daily, weekly, monthly } = PERIODS
  for (const { key, startsAt } of [daily, weekly, monthly]) {
    await pool.query(
      `insert into spend (principal, period, period_start, nano_usd) values ($1, $2, $3, $4)
       on conflict (principal, period) do update set nano_usd = spend.nano_usd + excluded.nano_usd`,
      [principal, key, new Date(startsAt), BigInt(cents) * CENT],
    )
  }
  for (const group of pools) {
    await pool.query(
      `insert into pooled_spend (rbac_group_id, period, period_start, nano_usd) values ($1, $2, $3, $4)
       on conflict (rbac_group_id, period) do update set nano_usd = pooled_spend.nano_usd + excluded.nano_usd`,
      [group, monthly.key, new Date(monthly.startsAt), BigInt(cents) * CENT],
    )
  }
}

/** Cents held, by `<principal or group> <period>`; only what is not zero. */
export async function heldCents(pool: pg.Pool): Promise<Readonly<Record<string, number>>> {
  const { rows } = await pool.query<{ name: string; held: string }>(`
    select principal || ' ' || period as name, held_nano_usd / 10000000 as held from spend where held_nano_usd > 0
    union all
    select rbac_group_id || ' ' || period, held_nano_usd / 10000000 from pooled_spend where held_nano_usd > 0
    order by name`)
  return Object.fromEntries(rows.map(({ name, held }) => [name, Number(held)]))
}

/** Lets holds of these entries, all by default, be as old as if they had expired a moment ago. */
export async function expire(pool: pg.Pool, entryIds?: readonly string[]): Promise<void> {
  await pool.query(
    `update spend_holds set expires_at = now() - interval '1 millisecond'
      where $1::uuid[] is null or entry_id = any ($1)`,
    [entryIds ?? null],
  )
}
