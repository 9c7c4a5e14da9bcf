// Which cap holds for a developer in each period: their own, else their groups', else everybody's (M-6).
import type { Period } from '../lib/periods.ts'

/** How the caps of several groups become one. */
export type GroupLimitMode = 'min' | 'max'

/** A row that may hold for somebody: their own, one of a group of theirs, or everybody's. */
export interface CapRow {
  readonly limitId: string
  readonly scope: 'user' | 'rbac_group' | 'organization'
  /** The subject, or the group's name; empty for everybody. */
  readonly scopeId: string
  readonly period: Period
  /** Whole cents; null is unlimited, which ends the search at its tier. */
  readonly cents: bigint | null
}

/** The row that holds for one period. */
export interface Cap {
  readonly limitId: string
  readonly source: 'user' | `rbac_group:${string}` | 'organization'
  readonly period: Period
  /** Whole cents; null is unlimited. */
  readonly cents: bigint | null
}

/** Null where no row is. */
export type Caps = Readonly<Record<Period, Cap | null>>

/** The caps of whoever `rows` may hold for; the SQL function `effective_cap` answers the same. */
export function effectiveCaps(rows: readonly CapRow[], mode: GroupLimitMode): Caps {
  const best: Record<Period, CapRow | null> = { daily: null, weekly: null, monthly: null }
  for (const row of rows) {
    const other = best[row.period]
    if (other === null || goesBefore(row, other, mode)) best[row.period] = row
  }
  return { daily: capOf(best.daily), weekly: capOf(best.weekly), monthly: capOf(best.monthly) }
}

function capOf(row: CapRow | null): Cap | null {
  if (row === null) return null
  const { limitId, scope, scopeId, period, cents } = row
  return { limitId, source: scope === 'rbac_group' ? `rbac_group:${scopeId}` : scope, period, cents }
}

const TIERS = { user: 0, rbac_group: 1, organization: 2 }

/** Only groups have several rows in a tier. */
function goesBefore(row: CapRow, other: CapRow, mode: GroupLimitMode): boolean {
  if (row.scope !== other.scope) return TIERS[row.scope] < TIERS[other.scope]
  if (row.cents === other.cents) return sortsFirst(row.scopeId, other.scopeId)
  const isSmaller = other.cents === null || (row.cents !== null && row.cents < other.cents)
  return mode === 'min' ? isSmaller : !isSmaller
}

/** By bytes of UTF-8, as the database sorts in its `C` collation; code units would put emoji elsewhere. */
export function sortsFirst(name: string, other: string): boolean {
  return Buffer.compare(Buffer.from(name), Buffer.from(other)) < 0
}
