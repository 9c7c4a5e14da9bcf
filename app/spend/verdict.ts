// Whether somebody may spend more, and which of their caps is the one to speak of.
import { PERIODS, type PeriodSpan, type Periods } from '../lib/periods.ts'
import { type Cap, type CapRow, type Caps, effectiveCaps, type GroupLimitMode, sortsFirst } from './caps.ts'
import { type NanoUsd, ofCents } from './money.ts'

/** What the store knows of somebody who asks. */
export interface Standing {
  readonly rows: readonly CapRow[]
  /** Spent so far, in each period. */
  readonly spent: Readonly<Record<PeriodSpan['period'], NanoUsd>>
  /** Of the groups that they are in. */
  readonly pools: readonly Pool[]
}

/** A group's shared budget of one month. */
export interface Pool {
  readonly group: string
  /** Whole cents. */
  readonly cents: bigint
  readonly spent: NanoUsd
}

/** A numeric cap and what was spent of it. */
export interface Budget {
  readonly cap: Cap & { readonly cents: bigint }
  readonly limit: NanoUsd
  readonly spent: NanoUsd
  readonly span: PeriodSpan
}

export type Verdict =
  /** `fullest` is null for whoever has no numeric cap. */
  { readonly kind: 'allowed'; readonly fullest: Budget | null } | Blocked

export type Blocked =
  | { readonly kind: 'over_limit'; readonly budget: Budget }
  | { readonly kind: 'pool_exhausted'; readonly pool: Pool; readonly span: PeriodSpan }

/** Judges a request of `periods`; an own cap goes before a pool that resets no later (M-47). */
export function verdictOn(
  standing: Standing,
  { periods, mode }: { periods: Periods; mode: GroupLimitMode },
): Verdict {
  const budgets = budgetsOf(standing, { periods, mode })
  const budget = exceeded(budgets)
  const pool = spentPool(standing.pools, mode)
  if (pool !== null && (budget === null || budget.span.endsAt < periods.monthly.endsAt))
    return { kind: 'pool_exhausted', pool, span: periods.monthly }
  if (budget !== null) return { kind: 'over_limit', budget }
  return { kind: 'allowed', fullest: fullest(budgets) }
}

/** The numeric caps that hold, from the shortest period to the longest. */
export function budgetsOf(
  { rows, spent }: Standing,
  { periods, mode }: { periods: Periods; mode: GroupLimitMode },
): readonly Budget[] {
  if (rows.length === 0) return []
  const caps: Caps = effectiveCaps(rows, mode)
  return PERIODS.flatMap(period => {
    const cap = caps[period]
    if (cap === null || cap.cents === null) return []
    const { cents } = cap
    return [{ cap: { ...cap, cents }, limit: ofCents(cents), spent: spent[period], span: periods[period] }]
  })
}

/** Reports whether nothing more may be spent (M-8): of a cap of 0 nothing ever may. */
export function isSpent({ spent, limit }: Pick<Budget, 'spent' | 'limit'>): boolean {
  return spent >= limit
}

/** The budget to speak of: of the exceeded ones that which resets last, else the fullest; null without any. */
export function spokenOf(budgets: readonly Budget[]): Budget | null {
  return exceeded(budgets) ?? fullest(budgets)
}

/** Of those that are used up the one that resets last; at the same instant the longer period (M-16). */
function exceeded(budgets: readonly Budget[]): Budget | null {
  let last: Budget | null = null
  for (const budget of budgets) {
    if (isSpent(budget) && (last === null || budget.span.endsAt >= last.span.endsAt)) last = budget
  }
  return last
}

/** By exact ratio; ties go to the one that resets last (M-14). None of `budgets` is one of 0. */
function fullest(budgets: readonly Budget[]): Budget | null {
  let most: Budget | null = null
  for (const budget of budgets) {
    if (most === null) most = budget
    else {
      const [own, others] = [budget.spent * most.limit, most.spent * budget.limit]
      if (own > others || (own === others && budget.span.endsAt >= most.span.endsAt)) most = budget
    }
  }
  return most
}

/** The pool that blocks: any that is spent, or with `max` only when all are (M-45); the name that sorts first. */
function spentPool(pools: readonly Pool[], mode: GroupLimitMode): Pool | null {
  const spent = pools.filter(pool => isSpent({ spent: pool.spent, limit: ofCents(pool.cents) }))
  if (spent.length === 0 || (mode === 'max' && spent.length < pools.length)) return null
  return spent.reduce((first, pool) => (sortsFirst(pool.group, first.group) ? pool : first))
}
