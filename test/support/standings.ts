// Where somebody stands with their spend, made for tests of what they are then told.
import { type Period, periodsAt } from '../../app/lib/periods.ts'
import type { CapRow, GroupLimitMode } from '../../app/spend/caps.ts'
import { type NanoUsd, nanoUsd, ofCents } from '../../app/spend/money.ts'
import { type Budget, budgetsOf, type Pool, type Standing } from '../../app/spend/verdict.ts'

/** A Sunday: its day and its week end together, and the month some days later. */
export const SUNDAY = Date.parse('2026-11-22T19:41:30Z')

/** A decimal number of cents as money: `0.5` is half a cent. */
export function cents(text: string): NanoUsd {
  const [whole = '', fraction = ''] = text.split('.')
  return nanoUsd(BigInt(whole + fraction.padEnd(7, '0')))
}

export interface Given {
  /** Own caps in cents, `null` for unlimited. */
  readonly caps?: Partial<Record<Period, bigint | null>>
  /** Further rows. */
  readonly rows?: readonly Partial<CapRow>[]
  /** In cents, with decimals. */
  readonly spent?: Partial<Record<Period, string>>
  readonly pools?: readonly Pool[]
}

export function rowOf(row: Partial<CapRow>): CapRow {
  const { scope = 'user', period = 'monthly' } = row
  const scopeId = scope === 'organization' ? '' : 's1'
  return { limitId: `spl_${scope}_${period}`, scope, scopeId, period, cents: 100n, ...row }
}

export function standing({ caps = {}, rows = [], spent = {}, pools = [] }: Given): Standing {
  const own = (['daily', 'weekly', 'monthly'] as const).flatMap(period => {
    const amount = caps[period]
    return amount === undefined ? [] : [rowOf({ period, cents: amount })]
  })
  const of = (period: Period) => cents(spent[period] ?? '0')
  return {
    rows: [...own, ...rows.map(rowOf)],
    spent: { daily: of('daily'), weekly: of('weekly'), monthly: of('monthly') },
    pools,
  }
}

export function poolOf(group: string, amount: bigint, spent: string): Pool {
  return { group, cents: amount, spent: cents(spent) }
}

/** One budget of a month, from two numbers of cents. */
export function monthly(spent: string, limit: bigint, now = SUNDAY): Budget {
  const span = periodsAt(now).monthly
  const cap = { limitId: 'spl_1', source: 'user', period: 'monthly', cents: limit } as const
  return { cap, limit: ofCents(limit), spent: cents(spent), span }
}

export function budgets(given: Given, mode: GroupLimitMode = 'min', now = SUNDAY): readonly Budget[] {
  return budgetsOf(standing(given), { periods: periodsAt(now), mode })
}
