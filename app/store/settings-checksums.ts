// Which settings documents were served lately, by whichever replica and configuration.
import type { Pool } from 'pg'

/** A document that was served lately. */
export interface ServedChecksum {
  readonly checksum: string
  /** How long it still counts as lately, in milliseconds; above 0. */
  readonly leftMs: number
}

/** More documents than configurations of a day have; the latest are read. */
const MAX_READ = 1000

/** Notes that documents with these checksums are being served; the database's clock says when. */
export async function noteServed(pool: Pool, checksums: readonly string[]): Promise<void> {
  await pool.query({
    name: 'settings_checksums_note',
    text: `
      insert into settings_checksums (checksum) select unnest($1::text[])
      on conflict (checksum) do update set served_at = now()`,
    // In one order, so that replicas that write together wait for each other and do not block each other.
    values: [[...new Set(checksums)].sort()],
  })
}

/** What was served in the last 24 hours, the latest first. */
export async function servedLately(pool: Pool): Promise<ServedChecksum[]> {
  const { rows } = await pool.query<{ checksum: string; left_ms: number }>({
    name: 'settings_checksums_lately',
    text: `
      select checksum,
             ceil(extract(epoch from served_at + interval '24 hours' - now()) * 1000)::double precision as left_ms
        from settings_checksums
       where served_at > now() - interval '24 hours'
       order by served_at desc
       limit $1`,
    values: [MAX_READ],
  })
  return rows.map(({ checksum, left_ms }) => ({ checksum, leftMs: left_ms }))
}
