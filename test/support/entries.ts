// Entries of spend for tests, and what the tables hold of them.
import type pg from 'pg'
import { type Entry, entryOf } from '../../app/spend/entry.ts'
import { entryIdAt } from '../../app/spend/entry-id.ts'
import { nanoUsd } from '../../app/spend/money.ts'
import { partOf } from './prices.ts'

/** A Sunday in the last week of a month. */
export const SUNDAY = Date.UTC(2026, 10, 29, 12)

export interface EntryOptions {
  readonly sub?: string
  readonly groups?: readonly string[]
  readonly at?: number
  readonly nano?: bigint
  readonly changes?: Partial<Entry>
}

/** An entry of 10 tokens in and 5 out, of a hundred nano-dollars, at half of its list price. */
export function entry({
  sub = 'dev',
  groups = [],
  at = SUNDAY,
  nano = 100n,
  changes,
}: EntryOptions = {}): Entry {
  const identity = { sub, groups }
  const made = entryOf(
    { entryId: entryIdAt(at), admittedAt: at, identity },
    {
      ...{ upstream: 'main', estimated: false, aborted: false, served_model: 'claude-sonnet-5' },
      ...{ parts: [partOf('claude-sonnet-5', { input: 10, output: 5 })], web_searches: 0 },
      ...{ speed: null, inference_geo: null },
    },
    { costs: { amount: nanoUsd(nano), list: nanoUsd(nano * 2n) }, model: 'claude-sonnet-5' },
  )
  return { ...made, ...changes }
}

/** Rows as JSON prints them; numbers of Postgres that are too long for one are texts. */
export async function rowsOf(pool: pg.Pool, query: string): Promise<readonly unknown[]> {
  return (await pool.query(query)).rows
}

/** The sums of all entries, and of the counters of each period, as texts. */
export async function totals(pool: pg.Pool): Promise<Readonly<Record<string, string>>> {
  const { rows } = await pool.query<Record<string, string>>(`
    select (select coalesce(sum(nano_usd), 0)::text from spend_entries) as entries,
           (select coalesce(sum(nano_usd), 0)::text from spend where period like '____-__-__') as day,
           (select coalesce(sum(nano_usd), 0)::text from spend where period like '%W%') as week,
           (select coalesce(sum(nano_usd), 0)::text from spend where period like '____-__') as month,
           (select coalesce(sum(nano_usd), 0)::text from usage_daily) as usage`)
  return rows[0] ?? {}
}

/** All five sums agree on that. */
export function allOf(sum: bigint): Readonly<Record<string, string>> {
  const text = sum.toString()
  return { entries: text, day: text, week: text, month: text, usage: text }
}
