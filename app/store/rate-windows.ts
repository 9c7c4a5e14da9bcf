// Fixed windows of the sign-in limits, counted in the database so that all replicas count together.
import type { Pool } from 'pg'

export interface RateWindow {
  /** Hits since the window's first one, this one included. */
  readonly hits: number
  /** Whole seconds until the window ends, at least 1. */
  readonly endsInSeconds: number
}

/** Counts one hit on `key`; the window starts at its first hit and is never prolonged (S-12). */
export async function countHit(pool: Pool, key: string, windowSeconds: number): Promise<RateWindow> {
  const { rows } = await pool.query<{ hits: number; ends_in: number }>({
    name: 'rate_window_hit',
    text: `
      insert into rate_windows as w (key, hits, expires_at) values ($1, 1, now() + $2::interval)
      on conflict (key) do update set
        hits = case when w.expires_at <= now() then 1 else w.hits + 1 end,
        expires_at = case when w.expires_at <= now() then excluded.expires_at else w.expires_at end
      returning hits, greatest(1, ceil(extract(epoch from expires_at - now())))::integer as ends_in`,
    values: [key, `${windowSeconds} seconds`],
  })
  const row = rows[0]! // an upsert that returns always yields its row
  return { hits: row.hits, endsInSeconds: row.ends_in }
}

export interface Allowance {
  readonly key: string
  readonly max: number
  readonly windowSeconds: number
}

/** Takes one hit if fewer than `max` were counted; reports whether it was there to take. */
export async function takeHit(pool: Pool, { key, max, windowSeconds }: Allowance): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'rate_window_take',
    text: `
      insert into rate_windows as w (key, hits, expires_at) values ($1, 1, now() + $2::interval)
      on conflict (key) do update set
        hits = case when w.expires_at <= now() then 1 else w.hits + 1 end,
        expires_at = case when w.expires_at <= now() then excluded.expires_at else w.expires_at end
      where w.expires_at <= now() or w.hits < $3`,
    values: [key, `${windowSeconds} seconds`, max],
  })
  return rowCount === 1
}

/** Gives a taken hit back; a window that went over `max` meanwhile keeps it, so that it is refused only once anew. */
export async function returnHit(pool: Pool, { key, max }: Allowance): Promise<void> {
  await pool.query({
    name: 'rate_window_return',
    text: `
      update rate_windows set hits = hits - 1
       where key = $1 and hits between 1 and $2 and expires_at > now()`,
    values: [key, max],
  })
}
