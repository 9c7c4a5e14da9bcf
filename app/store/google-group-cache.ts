// What Google last answered about groups, shared by all replicas. The database's clock says how old it is.
import type { Pool } from 'pg'

export interface CachedGroups {
  readonly groups: readonly string[]
  readonly ageMs: number
}

/** What was last written under `key`; null when nothing is kept. */
export async function findCachedGroups(pool: Pool, key: Buffer): Promise<CachedGroups | null> {
  const { rows } = await pool.query<{ groups: string[]; age_ms: string }>({
    name: 'google_group_cache_find',
    text: `
      select groups, floor(extract(epoch from now() - fetched_at) * 1000) as age_ms
        from google_group_cache where key = $1`,
    values: [key],
  })
  const [row] = rows
  return row === undefined ? null : { groups: row.groups, ageMs: Math.max(0, Number(row.age_ms)) }
}

/** Replaces what was kept under `key`; it is as old as this statement. */
export async function keepCachedGroups(pool: Pool, key: Buffer, groups: readonly string[]): Promise<void> {
  await pool.query({
    name: 'google_group_cache_keep',
    text: `
      insert into google_group_cache (key, groups) values ($1, $2)
      on conflict (key) do update set groups = excluded.groups, fetched_at = now()`,
    values: [key, JSON.stringify(groups)],
  })
}

/** Forgets what was kept under `key`. */
export async function dropCachedGroups(pool: Pool, key: Buffer): Promise<void> {
  await pool.query({
    name: 'google_group_cache_drop',
    text: `delete from google_group_cache where key = $1`,
    values: [key],
  })
}
