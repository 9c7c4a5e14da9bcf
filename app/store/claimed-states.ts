import type { Pool } from 'pg'

/**
 * Claims the one use of a callback's state (S-26); reports whether it was still unused.
 *
 * `keepSeconds` must outlast the state's own life, or a replay could follow the sweeper.
 */
export async function claimState(pool: Pool, jti: string, keepSeconds: number): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'claimed_state_claim',
    text: `
      insert into claimed_states (jti, expires_at)
      values ($1, now() + make_interval(secs => $2))
      on conflict do nothing`,
    values: [jti, keepSeconds],
  })
  return rowCount === 1
}
