// What one person may spend, what they have spent, and whose cap that is.
import type { AdminConfig } from '../config/admin.ts'
import { dollarsText } from '../lib/dollars.ts'
import { PERIODS, type PeriodSpan, type Periods } from '../lib/periods.ts'
import { type Caps, effectiveCaps } from '../spend/caps.ts'
import { centsText } from '../spend/money.ts'
import type { Reading } from '../spend/spend-reader.ts'
import { type Standing, verdictOn } from '../spend/verdict.ts'

/** What the store said, and of when. */
export interface SpendRead {
  readonly reading: Reading
  readonly periods: Periods
}

/** One period. Amounts are decimal texts of cents. */
export interface PeriodReport {
  readonly period: PeriodSpan['period']
  /** `user`, `rbac_group:<name>` or `organization`; null where no cap is. */
  readonly source: string | null
  /** Null is unlimited, or no cap. */
  readonly amount: string | null
  readonly spent: string
  readonly resetsAt: string
}

export type SpendReport =
  /** The file has no `admin`. */
  | { readonly kind: 'off' }
  /** Nobody asked the store, or it did not answer. */
  | { readonly kind: 'unread'; readonly cause: string | null }
  | {
      readonly kind: 'read'
      readonly periods: readonly PeriodReport[]
      /** The shared budgets of the person's groups, for this month. */
      readonly pools: readonly { readonly group: string; readonly amount: string; readonly spent: string }[]
      /** Whether a request would be refused now. */
      readonly isBlocked: boolean
    }

export function spendReport(admin: AdminConfig | undefined, read: SpendRead | null): SpendReport {
  if (admin === undefined) return { kind: 'off' }
  if (read === null) return { kind: 'unread', cause: null }
  const { reading, periods } = read
  if (reading.kind === 'unreadable') return { kind: 'unread', cause: reading.cause }
  const { standing } = reading
  const mode = admin.group_limit_mode
  const caps = effectiveCaps(standing.rows, mode)
  return {
    kind: 'read',
    periods: PERIODS.map(period => periodReport(periods[period], caps, standing)),
    pools: standing.pools.map(({ group, cents, spent }) => ({
      ...{ group, amount: cents.toString(), spent: centsText(spent) },
    })),
    isBlocked: verdictOn(standing, { periods, mode }).kind !== 'allowed',
  }
}

function periodReport({ period, endsAt }: PeriodSpan, caps: Caps, { spent }: Standing): PeriodReport {
  const cap = caps[period]
  return {
    period,
    source: cap?.source ?? null,
    amount: cap?.cents?.toString() ?? null,
    spent: centsText(spent[period]),
    resetsAt: new Date(endsAt).toISOString(),
  }
}

/** The report for a terminal; the first line stands beside its word, further ones below it. */
export function spendLines(report: SpendReport): { readonly first: string; readonly rows: string[][] } {
  if (report.kind === 'off') return { first: 'no limits: the file has no admin', rows: [] }
  if (report.kind === 'unread') {
    const { cause } = report
    const hint = 'caps are in the database: ask with --sub SUBJECT'
    return { first: cause === null ? hint : `cannot be read: ${cause}`, rows: [] }
  }
  const pools = report.pools.map(({ group, amount, spent }) => [
    `group ${group}`,
    `${dollarsText(spent)} of ${dollarsText(amount)} that its members share this month`,
  ])
  return {
    first: report.isBlocked ? 'used up: requests are refused' : '',
    rows: [...report.periods.map(row => [row.period, periodText(row)]), ...pools],
  }
}

/** `$12.10 of $20.00, by rbac_group:eng, until 2026-11-23T00:00:00.000Z`. */
function periodText({ source, amount, spent, resetsAt }: PeriodReport): string {
  if (source === null) return `${dollarsText(spent)}, no cap`
  const limit =
    amount === null ? `${dollarsText(spent)}, unlimited` : `${dollarsText(spent)} of ${dollarsText(amount)}`
  return `${limit}, by ${source}${amount === null ? '' : `, until ${resetsAt}`}`
}
