// What the store knows of somebody who wants to spend, in one statement and one round trip (M-11).
import type { SharedConnection } from './shared-connection.ts'
import { storableNames } from './storable.ts'

export interface SpendQuestion {
  /** The subject. */
  readonly principal: string
  readonly groups: readonly string[]
  /** Keys of `spend.period`. */
  readonly day: string
  readonly week: string
  readonly month: string
}

/** A row of `spend_limits` that may hold for the person, with what was spent of its pool; numbers are decimal text. */
export interface LimitRow {
  readonly kind: 'user' | 'rbac_group' | 'organization'
  readonly scopeId: string
  readonly period: 'daily' | 'weekly' | 'monthly'
  readonly limitId: string
  /** Whole cents; null is unlimited. */
  readonly amount: string | null
  /** Whole cents; null without a pool. */
  readonly poolAmount: string | null
  /** Billionths of a dollar; null when nobody has spent of it. */
  readonly poolSpent: string | null
}

/** What was spent in one period, in billionths of a dollar. */
export interface SpentRow {
  readonly kind: 'spent'
  /** The key. */
  readonly period: string
  readonly amount: string
}

/** The person's caps, those of their groups and everybody's, the pools of their groups, and their three counters. */
export async function readSpend(
  connection: Pick<SharedConnection, 'rows'>,
  { principal, groups, day, week, month }: SpendQuestion,
): Promise<readonly (LimitRow | SpentRow)[]> {
  const rows = await connection.rows<SpendRow>({
    name: 'spend_gate',
    rowMode: 'array',
    text: `
      select l.scope_type, l.scope_id, l.period, l.id, l.amount, l.pool_amount, p.nano_usd
        from (select 'user' as scope_type, $1 as scope_id
              union all select 'rbac_group', unnest($2::text[])
              union all select 'organization', '') as mine
        join spend_limits l using (scope_type, scope_id)
        left join pooled_spend p
          on l.pool_amount is not null and p.rbac_group_id = l.scope_id and p.period = $5
      union all
      select 'spent', '', s.period, '', s.nano_usd, null, null
        from spend s
        where s.principal = $1 and s.period in ($3, $4, $5)`,
    values: [principal, storableNames(groups), day, week, month],
  })
  return rows.map(readRow)
}

/** A row as the database gives it. */
export type SpendRow =
  | [LimitRow['kind'], string, LimitRow['period'], string, string | null, string | null, string | null]
  | ['spent', '', string, '', string, null, null]

export function readRow(row: SpendRow): LimitRow | SpentRow {
  if (row[0] === 'spent') return { kind: row[0], period: row[2], amount: row[4] }
  const [kind, scopeId, period, limitId, amount, poolAmount, poolSpent] = row
  return { kind, scopeId, period, limitId, amount, poolAmount, poolSpent }
}
