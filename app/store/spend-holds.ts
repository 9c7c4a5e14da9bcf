// Reservations: estimates of running requests, held on the counters of spend. The database's clock says when one expires.
import type pg from 'pg'
import type { Period } from '../lib/periods.ts'
import type { SharedConnection } from './shared-connection.ts'
import { type LimitRow, readRow, type SpendRow, type SpentRow } from './spend-gate.ts'
import { storableNames } from './storable.ts'

/** One request that wants to be admitted, as the database takes it; keys and starts are those of its admission (M-5). */
export interface SpendRequest {
  /** A UUID. */
  readonly entry_id: string
  readonly principal: string
  /** The groups of the bearer. */
  readonly groups: readonly string[]
  readonly day: string
  readonly week: string
  readonly month: string
  readonly week_start: string
  readonly month_start: string
  /** What it may cost, in billionths of a US dollar. */
  readonly nano_usd: string
}

/** Whether a request was admitted, and what there was before. */
export interface Reserved {
  /** Null when the hold was taken; else the first bound without room, in whole cents: one that is not spent, if there is one. */
  readonly lacking: { readonly source: string; readonly period: Period; readonly cents: bigint } | null
  readonly standing: readonly (LimitRow | SpentRow)[]
}

/** How long a hold lives without being renewed (M-41). */
const HOLD = '90 seconds'

/**
 * Holds what each request may cost on its developer's three counters and on all pools, where every bound has room, or
 * else nowhere. Answers by entry.
 *
 * The check and the hold are one: of two calls at the same time the second sees the holds of the first.
 */
export async function reserveSpend(
  connection: Pick<SharedConnection, 'rows'>,
  { requests, mode }: { readonly requests: readonly SpendRequest[]; readonly mode: 'min' | 'max' },
): Promise<ReadonlyMap<string, Reserved>> {
  const storable = requests.map(request => ({
    ...request,
    principal: request.principal.toWellFormed(),
    groups: storableNames(request.groups),
  }))
  const rows = await connection.rows<ReservedRow>({
    name: 'spend_reserve',
    rowMode: 'array',
    text: `select entry_id, lacking, standing from reserve_spend($1::jsonb, $2, $3)`,
    values: [JSON.stringify(storable), mode, HOLD],
  })
  return new Map(
    rows.map(([entryId, lacking, standing]) => [
      entryId,
      { lacking: lacking && readLacking(lacking), standing: standing.map(readRow) },
    ]),
  )
}

type Lacking = [source: string, period: Period, amount: string]

type ReservedRow = [entryId: string, lacking: Lacking | null, standing: SpendRow[]]

function readLacking([source, period, amount]: Lacking): Reserved['lacking'] {
  return { source, period, cents: BigInt(amount) }
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
