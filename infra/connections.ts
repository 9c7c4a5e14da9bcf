// How many connections an instance of Cloud SQL has, and how many replicas of the gateway may share them (G-31).

/** Kept free: migrations, the bootstrap and doctor jobs, and a person with psql. */
const SPARE = 10

/** https://cloud.google.com/sql/docs/postgres/flags: max_connections by memory, for the sizes that are meant here. */
const BY_MEMORY: readonly { fromMiB: number; belowMiB: number; limit: number }[] = [
  { fromMiB: 3840, belowMiB: 6144, limit: 100 },
  { fromMiB: 6144, belowMiB: 7680, limit: 200 },
  { fromMiB: 7680, belowMiB: 15_360, limit: 400 },
]

/** The connection limit of an instance; null when its tier is none whose limit is known. */
export function connectionLimit(database: {
  tier: string
  maxConnections?: number | undefined
}): number | null {
  if (database.maxConnections !== undefined) return database.maxConnections
  if (database.tier === 'db-f1-micro') return 25
  if (database.tier === 'db-g1-small') return 50
  const memory = Number(/^db-custom-[0-9]+-([0-9]+)$/.exec(database.tier)?.[1] ?? 0)
  return BY_MEMORY.find(row => memory >= row.fromMiB && memory < row.belowMiB)?.limit ?? null
}

/** The largest `maxInstances` for which old and new revisions together leave the spare connections free. */
export function instancesThatFit(limit: number, poolSize: number): number {
  return Math.max(0, Math.floor((limit - SPARE) / (2 * poolSize)))
}
