// What must be refused although its signature is valid and its time not over: one row per withdrawn family.
import type { Pool } from 'pg'

export interface RevokedSession {
  readonly key: string
  readonly revokedAt: Date
}

export interface Revocation {
  readonly key: string
  readonly reason: string
}

/**
 * Withdraws every key of `revocations` and answers those that were not withdrawn before.
 *
 * One statement, so all or none. A family stays withdrawn since the first time; a subject (`sub:…`) since the
 * last, because what it may still use are the tokens that are younger.
 */
export async function addRevocations(
  pool: Pool,
  revocations: readonly Revocation[],
  lifetimeSeconds: number,
): Promise<RevokedSession[]> {
  const { rows } = await pool.query<RevokedRow>({
    name: 'revoked_sessions_add',
    text: `
      insert into revoked_sessions as r (key, reason, revoked_at, expires_at)
      select key, reason, now(), now() + make_interval(secs => $3)
        from unnest($1::text[], $2::text[]) as added (key, reason)
      on conflict (key) do update set revoked_at = excluded.revoked_at, expires_at = excluded.expires_at
        where r.key like 'sub:%'
      returning key, revoked_at`,
    values: [revocations.map(({ key }) => key), revocations.map(({ reason }) => reason), lifetimeSeconds],
  })
  return rows.map(readRow)
}

/** Those of `keys` that are withdrawn. */
export async function findRevocations(pool: Pool, keys: readonly string[]): Promise<RevokedSession[]> {
  const { rows } = await pool.query<RevokedRow>({
    name: 'revoked_sessions_find',
    text: `
      select key, revoked_at from revoked_sessions where key = any($1::text[]) and expires_at > now()`,
    values: [keys],
  })
  return rows.map(readRow)
}

/**
 * The newest `atMost` withdrawals and, beyond that number, everything younger than `youngerThanSeconds`;
 * oldest first. `isWhole` says that nothing was left out.
 */
export async function loadRevocations(
  pool: Pool,
  { atMost, youngerThanSeconds }: { atMost: number; youngerThanSeconds: number },
): Promise<{ revoked: RevokedSession[]; isWhole: boolean }> {
  const { rows } = await pool.query<RevokedRow & { total: string }>({
    name: 'revoked_sessions_load',
    text: `
      select key, revoked_at, total
        from (select key, revoked_at, count(*) over () as total,
                     row_number() over (order by revoked_at desc) as place
                from revoked_sessions
               where expires_at > now()) as counted
       where place <= $1 or revoked_at > now() - make_interval(secs => $2)
       order by revoked_at`,
    values: [atMost, youngerThanSeconds],
  })
  return { revoked: rows.map(readRow), isWhole: rows.length === Number(rows[0]?.total ?? 0) }
}

/**
 * Withdrawals since `newest`, oldest first; everything when it is null.
 *
 * A minute of overlap: a row carries the time its transaction began, and may be seen only later.
 */
export async function revocationsSince(pool: Pool, newest: Date | null): Promise<RevokedSession[]> {
  const { rows } = await pool.query<RevokedRow>({
    name: 'revoked_sessions_since',
    text: `
      select key, revoked_at from revoked_sessions
       where revoked_at > coalesce($1::timestamptz, '-infinity') - interval '60 seconds' and expires_at > now()
       order by revoked_at`,
    values: [newest],
  })
  return rows.map(readRow)
}

interface RevokedRow {
  key: string
  revoked_at: Date
}

function readRow(row: RevokedRow): RevokedSession {
  return { key: row.key, revokedAt: row.revoked_at }
}
