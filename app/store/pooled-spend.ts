// The shared monthly budgets of groups: their beginning, and what is spent of them.
import type pg from 'pg'
import type { PeriodSpan } from '../lib/periods.ts'

// Settling takes it shared, so that no entry falls between the sum of a new pool and the pool's first addition (M-46).
const LOCK = 4_718_502_118

/** Waits until nothing is being settled, and lets nothing be settled until the transaction ends. */
export async function excludeSettling(client: pg.PoolClient): Promise<void> {
  await client.query({
    name: 'settling_exclude',
    text: `select pg_advisory_xact_lock($1)`,
    values: [LOCK],
  })
}

/**
 * Has the pool of `group` begin with what its members already spent in `month`: each with what was spent on the days on
 * which they had the group. The caller excludes settling.
 */
export async function beginPool(client: pg.PoolClient, group: string, month: PeriodSpan): Promise<void> {
  await client.query({
    name: 'pooled_spend_begin',
    text: `
      insert into pooled_spend (rbac_group_id, period, period_start, nano_usd)
      select $1, $2, $3::date, coalesce(sum(u.nano_usd), 0)
        from usage_daily u
        join principal_groups g using (day, principal)
       where u.day >= $3::date and u.day < $4::date and g.groups ? $1
      on conflict (rbac_group_id, period) do update
        set nano_usd = excluded.nano_usd, updated_at = now()`,
    values: [group, month.key, dayOf(month.startsAt), dayOf(month.endsAt)],
  })
}

/** A pool and what was spent of it, in nano-dollars as decimal text. */
export interface Pool {
  readonly group: string
  readonly limitId: string
  readonly amount: string
  readonly spent: string
}

/** At most `count` pools by the name of the group, from the one after `after` on; empty: from the first. */
export async function pageOfPools(
  client: pg.PoolClient,
  { count, after, month }: { count: number; after: string; month: PeriodSpan },
): Promise<Pool[]> {
  const { rows } = await client.query<Pool>({
    name: 'pooled_spend_page',
    text: `
      select l.scope_id as "group", l.id as "limitId", l.pool_amount as amount,
             coalesce(p.nano_usd, 0)::text as spent
        from spend_limits l
        left join pooled_spend p on p.rbac_group_id = l.scope_id and p.period = $3
       where l.pool_amount is not null and l.scope_id > $2
       order by l.scope_id
       limit $1`,
    values: [count, after, month.key],
  })
  return rows
}

function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10)
}
