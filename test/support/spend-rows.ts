// Rows of spend as settling leaves them, for tests of what reads them.
import type { TestDatabase } from './postgres.ts'

/** A moment of 2026-W47, whose day is the last of its week. */
export const NOW = Date.parse('2026-11-22T12:00:00Z')
export const DAY = '2026-11-22'
export const WEEK = '2026-W47'
export const MONTH = '2026-11'

const CENT = 10_000_000n
const STARTS: Readonly<Record<string, string>> = {
  [DAY]: DAY,
  [WEEK]: '2026-11-16',
  [MONTH]: '2026-11-01',
  '2026-10': '2026-10-01',
}

/** What was spent, in cents and their fractions, by subject and key of the period. */
export async function haveSpent(
  { pool }: TestDatabase,
  spent: Readonly<Record<string, Readonly<Record<string, number>>>>,
): Promise<void> {
  for (const [principal, periods] of Object.entries(spent)) {
    for (const [period, cents] of Object.entries(periods)) {
      await pool.query(
        `insert into spend (principal, period, period_start, nano_usd) values ($1, $2, $3, $4)`,
        [principal, period, STARTS[period], String((BigInt(Math.round(cents * 10_000)) * CENT) / 10_000n)],
      )
    }
  }
}

/** Who people were last seen as. */
export async function haveSeen(
  { pool }: TestDatabase,
  people: readonly (readonly [sub: string, email: string | null, name: string | null, groups: string[]])[],
): Promise<void> {
  for (const [sub, email, name, groups] of people) {
    await pool.query(
      `insert into principal_emails (principal, email, name, groups) values ($1, $2, $3, $4)`,
      [sub, email, name, JSON.stringify(groups)],
    )
  }
}

/** One day of one person, with the groups that they had on it. */
export async function haveUsed(
  { pool }: TestDatabase,
  { day, sub, groups, cents }: { day: string; sub: string; groups: readonly string[]; cents: number },
): Promise<void> {
  await pool.query(
    `insert into principal_groups (day, principal, groups) values ($1, $2, $3) on conflict do nothing`,
    [day, sub, JSON.stringify(groups)],
  )
  await pool.query(
    `insert into usage_daily
       select $1, $2, 'claude-sonnet-5', 'upstream-' || (select count(*) from usage_daily), '',
              1, 0, 0, 10, 5, 0, 0, 0, 0, $3::bigint, $3::bigint`,
    [day, sub, String(BigInt(cents) * CENT)],
  )
}
