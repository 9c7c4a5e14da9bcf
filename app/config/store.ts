import type { z } from 'zod'
import { readPostgresUrl } from './postgres-url.ts'
import { closed, text, Unfit, whole } from './scalar.ts'

/** The Postgres database that replicas share. */
export const StoreSection = closed({
  /** Absent only beside `gatehouse.cloud_sql`. */
  postgres_url: text(value => {
    const read = readPostgresUrl(value)
    return read.kind === 'unreadable' ? new Unfit(read.needs, read.fix) : undefined
  }).optional(),
  /** Wins over the URL. */
  username: text().optional(),
  /** Wins over the URL. */
  password: text().optional(),
  /** Per replica. */
  max_connections: whole(1).default(5),
  connect_timeout_seconds: whole(1, 60).default(5),
  /** How long `/readyz` stays ready after the store stops answering. */
  readiness_grace_seconds: whole(0, 3600).default(0),
})

/** `store`, defaults filled in. */
export type StoreConfig = z.infer<typeof StoreSection>
