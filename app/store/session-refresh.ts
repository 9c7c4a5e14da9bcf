// Which generation of a session's refresh token is the newest, and who is renewing it: one row per session.
// Two terminals that refresh together meet here, whichever replicas they reach (S-58).
import type { Pool } from 'pg'

/** The right to ask the identity provider for one generation; ends by itself after ten seconds. */
export interface Lease {
  readonly sid: string
  readonly gen: number
  /** Drawn for each lease: a late holder cannot publish over the next one. */
  readonly holder: string
}

/** Takes the lease if nobody holds it and nothing was shared a moment ago; reports whether it was taken. */
export async function claimLease(pool: Pool, lease: Lease, expiresAt: Date): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'session_refresh_claim',
    text: `
      insert into session_refresh as s (sid, gen, holder, lease_until, expires_at)
      values ($1, $2, $3, now() + interval '10 seconds', $4)
      on conflict (sid) do update
        set gen = excluded.gen, holder = excluded.holder, lease_until = excluded.lease_until
        where s.lease_until <= now() and s.gen <= excluded.gen
          and (s.shared_at is null or s.gen < excluded.gen or s.shared_at < now() - interval '10 seconds')
      returning gen`,
    values: [lease.sid, lease.gen, lease.holder, expiresAt],
  })
  return rowCount === 1
}

export interface SharedResult {
  /** The generation of the refresh tokens that are made from it. */
  readonly gen: number
  readonly sealed: string
  readonly expiresAt: Date
}

/** Shares what the lease brought and ends it; reports whether the lease was still held. */
export async function publishResult(pool: Pool, lease: Lease, result: SharedResult): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'session_refresh_publish',
    text: `
      update session_refresh
         set gen = $4, sealed = $5, shared_at = now(), lease_until = now(), expires_at = $6
       where sid = $1 and gen = $2 and holder = $3`,
    values: [lease.sid, lease.gen, lease.holder, result.gen, result.sealed, result.expiresAt],
  })
  return rowCount === 1
}

/** Ends a lease that brought nothing, so that the next may try at once. */
export async function endLease(pool: Pool, lease: Lease): Promise<void> {
  await pool.query({
    name: 'session_refresh_end_lease',
    text: `
      update session_refresh set lease_until = now()
       where sid = $1 and gen = $2 and holder = $3 and lease_until > now()`,
    values: [lease.sid, lease.gen, lease.holder],
  })
}

/** A session's row as one look at the database's clock shows it. */
export interface StoredRefresh {
  readonly gen: number
  readonly sealed: string | null
  /** Null while nothing was shared. */
  readonly sharedSecondsAgo: number | null
  readonly isLeased: boolean
}

/** The row of `sid`; null when there is none. */
export async function readRefresh(pool: Pool, sid: string): Promise<StoredRefresh | null> {
  const { rows } = await pool.query<{
    gen: string
    sealed: string | null
    shared_seconds_ago: number | null
    is_leased: boolean
  }>({
    name: 'session_refresh_read',
    text: `
      select gen, sealed, lease_until > now() as is_leased,
             extract(epoch from now() - shared_at)::float8 as shared_seconds_ago
        from session_refresh
       where sid = $1`,
    values: [sid],
  })
  const row = rows[0]
  if (row === undefined) return null
  return {
    gen: Number(row.gen),
    sealed: row.sealed,
    sharedSecondsAgo: row.shared_seconds_ago,
    isLeased: row.is_leased,
  }
}
