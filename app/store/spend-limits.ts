// What may be spent: a row for each scope and period that has a cap. Every function runs in the caller's transaction.
import type pg from 'pg'
import type { Period } from '../lib/periods.ts'

export type ScopeType = 'user' | 'rbac_group' | 'organization'

/** Whom a cap is for. */
export interface Scope {
  readonly type: ScopeType
  /** A subject or the name of a group; empty for the organization. */
  readonly id: string
}

/** Amounts are whole cents, as decimal text. */
export interface SpendLimit {
  /** `spl_` and 32 hexadecimal digits. */
  readonly id: string
  readonly scope: Scope
  readonly period: Period
  /** Null is unlimited. */
  readonly amount: string | null
  /** What the members of a group share in a month; null: they share nothing. */
  readonly poolAmount: string | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** A cap as it is to be. */
export interface WantedLimit {
  readonly scope: Scope
  readonly period: Period
  readonly amount: string | null
  readonly poolAmount: string | null
}

/** The cap of this scope and period, which nobody else changes or makes until the transaction ends; null for none. */
export async function lockLimit(
  client: pg.PoolClient,
  scope: Scope,
  period: Period,
): Promise<SpendLimit | null> {
  await client.query({
    name: 'spend_limits_lock',
    text: `select pg_advisory_xact_lock(hashtextextended($1, 0))`,
    values: [`spend_limits\n${scope.type}\n${period}\n${scope.id}`],
  })
  const { rows } = await client.query<LimitRow>({
    name: 'spend_limits_find_locked',
    text: `
      select * from spend_limits
       where scope_type = $1 and scope_id = $2 and period = $3
         for update`,
    values: [scope.type, scope.id, period],
  })
  return onlyLimit(rows)
}

/** Makes the cap, under `id`, or changes the one that its scope and period have. A change moves `updatedAt`, always. */
export async function putLimit(
  client: pg.PoolClient,
  wanted: WantedLimit,
  { id, actor }: { id: string; actor: string },
): Promise<SpendLimit> {
  const { rows } = await client.query<LimitRow>({
    name: 'spend_limits_put',
    text: `
      insert into spend_limits as l (id, scope_type, scope_id, period, amount, pool_amount, created_by)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (scope_type, scope_id, period) do update
        set amount = excluded.amount, pool_amount = excluded.pool_amount,
            updated_at = greatest(now(), l.updated_at + interval '1 millisecond')
      returning *`,
    values: [
      ...[id, wanted.scope.type, wanted.scope.id, wanted.period, wanted.amount],
      ...[wanted.poolAmount, actor],
    ],
  })
  return readLimit(rows[0]!) // an upsert that returns always yields its row
}

/** The cap with this id; null for none. */
export async function findLimit(client: pg.PoolClient, id: string): Promise<SpendLimit | null> {
  const { rows } = await client.query<LimitRow>({
    name: 'spend_limits_find',
    text: `select * from spend_limits where id = $1`,
    values: [id],
  })
  return onlyLimit(rows)
}

/** Deletes the cap and answers what it was; null when there was none. */
export async function deleteLimit(client: pg.PoolClient, id: string): Promise<SpendLimit | null> {
  const { rows } = await client.query<LimitRow>({
    name: 'spend_limits_delete',
    text: `delete from spend_limits where id = $1 returning *`,
    values: [id],
  })
  return onlyLimit(rows)
}

export interface LimitPage {
  /** How many at most. */
  readonly count: number
  /** Null: of every scope. */
  readonly scopeType: ScopeType | null
  /** The cap next to which the page lies; null for the first page. */
  readonly cursor: { readonly id: string; readonly direction: 'after' | 'before' } | null
}

/** Caps from the oldest on; `before` a cursor from the newest on, so that the nearest to it come first. */
export async function pageOfLimits(
  client: pg.PoolClient,
  { count, scopeType, cursor }: LimitPage,
): Promise<SpendLimit[]> {
  const isBefore = cursor?.direction === 'before'
  const { rows } = await client.query<LimitRow>({
    ...(isBefore ? LIMITS_BEFORE : LIMITS_AFTER),
    values: [count, scopeType, cursor?.id ?? null],
  })
  return rows.map(readLimit)
}

const LIMITS_AFTER = {
  name: 'spend_limits_after',
  text: `
    select * from spend_limits
     where ($2::text is null or scope_type = $2)
       and ($3::text is null or (created_at, id) > (select created_at, id from spend_limits where id = $3))
     order by created_at, id
     limit $1`,
}

const LIMITS_BEFORE = {
  name: 'spend_limits_before',
  text: `
    select * from spend_limits
     where ($2::text is null or scope_type = $2)
       and (created_at, id) < (select created_at, id from spend_limits where id = $3)
     order by created_at desc, id desc
     limit $1`,
}

/** Every cap that may hold for one of `principals`, whose groups are among `groups`. */
export async function limitsFor(
  client: pg.PoolClient,
  { principals, groups }: { principals: readonly string[]; groups: readonly string[] },
): Promise<SpendLimit[]> {
  const { rows } = await client.query<LimitRow>({
    name: 'spend_limits_for',
    text: `
      select * from spend_limits
       where scope_type = 'organization'
          or (scope_type = 'user' and scope_id = any ($1::text[]))
          or (scope_type = 'rbac_group' and scope_id = any ($2::text[]))`,
    values: [principals, groups],
  })
  return rows.map(readLimit)
}

interface LimitRow {
  id: string
  scope_type: ScopeType
  scope_id: string
  period: Period
  amount: string | null
  pool_amount: string | null
  created_at: Date
  updated_at: Date
}

function onlyLimit([row]: readonly LimitRow[]): SpendLimit | null {
  return row === undefined ? null : readLimit(row)
}

function readLimit(row: LimitRow): SpendLimit {
  return {
    ...{ id: row.id, scope: { type: row.scope_type, id: row.scope_id }, period: row.period },
    ...{ amount: row.amount, poolAmount: row.pool_amount },
    ...{ createdAt: row.created_at, updatedAt: row.updated_at },
  }
}
