// Sign-ins that wait for a browser: one row per device_code, kept by its SHA-256 alone.
// Only the database's clock decides what has expired, so replicas never disagree.
import type { Pool } from 'pg'

export interface NewGrant {
  readonly deviceHash: Buffer
  /** Eight letters, without the dash. */
  readonly userCode: string
  readonly lifetimeSeconds: number
  readonly clientIp: string
  readonly userAgent: string
  readonly surface: string
}

/** Stores a waiting sign-in; reports whether its user code was still free. */
export async function createGrant(pool: Pool, grant: NewGrant): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'device_grant_create',
    text: `
      insert into device_grants (device_hash, user_code, expires_at, client_ip, user_agent, surface)
      values ($1, $2, now() + make_interval(secs => $3), $4, $5, $6)
      on conflict (user_code) do nothing`,
    values: [
      grant.deviceHash,
      grant.userCode,
      grant.lifetimeSeconds,
      grant.clientIp,
      grant.userAgent,
      grant.surface,
    ],
  })
  return rowCount === 1
}

/** Who asked for a sign-in that still waits, and when. */
export interface GrantFacts {
  readonly deviceHash: Buffer
  readonly clientIp: string
  readonly userAgent: string
  readonly createdAt: Date
}

/** The waiting sign-in of `userCode`; null when it is unknown, finished or expired. */
export async function grantFacts(pool: Pool, userCode: string): Promise<GrantFacts | null> {
  const { rows } = await pool.query<{
    device_hash: Buffer
    client_ip: string
    user_agent: string
    created_at: Date
  }>({
    name: 'device_grant_facts',
    text: `
      select device_hash, client_ip, user_agent, created_at
        from device_grants
       where user_code = $1 and status = 'pending' and expires_at > now()`,
    values: [userCode],
  })
  const row = rows[0]
  if (row === undefined) return null
  return {
    deviceHash: row.device_hash,
    clientIp: row.client_ip,
    userAgent: row.user_agent,
    createdAt: row.created_at,
  }
}

/**
 * Records who approved a waiting sign-in; reports whether it was still waiting (S-27).
 *
 * An approval in the last moment still leaves the terminal a minute to collect it.
 */
export async function approveGrant(pool: Pool, deviceHash: Buffer, sealed: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'device_grant_approve',
    text: `
      update device_grants
         set status = 'approved', sealed = $2,
             expires_at = greatest(expires_at, now() + interval '60 seconds')
       where device_hash = $1 and status = 'pending' and expires_at > now()`,
    values: [deviceHash, sealed],
  })
  return rowCount === 1
}

/** Ends a waiting sign-in that the identity provider or the admission rules refused; reports whether it waited. */
export async function denyGrant(pool: Pool, deviceHash: Buffer): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'device_grant_deny',
    text: `
      update device_grants set status = 'denied'
       where device_hash = $1 and status = 'pending' and expires_at > now()`,
    values: [deviceHash],
  })
  return rowCount === 1
}

/** Ends a waiting sign-in because its owner said so (S-21); null when no sign-in waits for `userCode`. */
export async function denyByUserCode(
  pool: Pool,
  userCode: string,
): Promise<{ clientIp: string; createdAt: Date } | null> {
  const { rows } = await pool.query<{ client_ip: string; created_at: Date }>({
    name: 'device_grant_deny_by_user_code',
    text: `
      update device_grants set status = 'denied'
       where user_code = $1 and status = 'pending' and expires_at > now()
      returning client_ip, created_at`,
    values: [userCode],
  })
  const row = rows[0]
  return row === undefined ? null : { clientIp: row.client_ip, createdAt: row.created_at }
}

export type GrantPoll =
  | { readonly kind: 'approved'; readonly sealed: string }
  | { readonly kind: 'denied' }
  | { readonly kind: 'too_fast' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'gone' }

/**
 * Asks for the decision on a sign-in and, if there is one, takes it: exactly one of any number of
 * parallel polls, on any replicas, gets it (S-52).
 *
 * One statement on one snapshot. A poll that races an approval says `pending` once more, never `too_fast`;
 * a poll within `paceSeconds` of the last accepted one is `too_fast` and does not count as accepted.
 */
export async function pollGrant(pool: Pool, deviceHash: Buffer, paceSeconds: number): Promise<GrantPoll> {
  const { rows } = await pool.query<{
    status: string | null
    sealed: string | null
    waiting: boolean
    too_fast: boolean | null
  }>({
    name: 'device_grant_poll',
    text: `
      with taken as (
        delete from device_grants
         where device_hash = $1 and status in ('approved', 'denied') and expires_at > now()
        returning status, sealed),
      paced as (
        update device_grants set last_poll_at = now()
         where device_hash = $1 and status = 'pending' and expires_at > now()
           and (last_poll_at is null or last_poll_at <= now() - $2::interval)
        returning 1)
      select t.status, t.sealed, g.device_hash is not null as waiting,
             g.last_poll_at > now() - $2::interval as too_fast
        from (select 1) one
        left join taken t on true
        left join device_grants g
          on g.device_hash = $1 and g.status = 'pending' and g.expires_at > now()`,
    values: [deviceHash, `${paceSeconds} seconds`],
  })
  const row = rows[0]! // a select from one constant row always yields it
  if (row.status === 'approved' && row.sealed !== null) return { kind: 'approved', sealed: row.sealed }
  if (row.status !== null) return { kind: 'denied' }
  if (row.too_fast === true) return { kind: 'too_fast' }
  return { kind: row.waiting ? 'pending' : 'gone' }
}
