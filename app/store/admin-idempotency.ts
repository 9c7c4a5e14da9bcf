// Answers of changes that came with an Idempotency-Key, kept in the change's own transaction (M-59).
import type pg from 'pg'

/** Whose key it is, and which. */
export interface IdempotencyKey {
  readonly actor: string
  readonly key: string
}

export interface KeptAnswer {
  /** SHA-256 of the request that it answered. */
  readonly requestHash: Buffer
  readonly body: string
}

const KEPT_HOURS = 24

/** The answer that was kept under a key, once everybody who uses the same one is through; null for none. */
export async function claimKey(
  client: pg.PoolClient,
  { actor, key }: IdempotencyKey,
): Promise<KeptAnswer | null> {
  await client.query({
    name: 'admin_idempotency_lock',
    text: `select pg_advisory_xact_lock(hashtextextended($1, 0))`,
    values: [`admin_idempotency\n${actor}\n${key}`],
  })
  const { rows } = await client.query<KeptAnswer>({
    name: 'admin_idempotency_find',
    text: `
      select request_hash as "requestHash", body
        from admin_idempotency
       where actor = $1 and key = $2 and expires_at > now()`,
    values: [actor, key],
  })
  return rows[0] ?? null
}

/** Keeps a successful answer for a day, in place of one whose day is over. */
export async function keepAnswer(
  client: pg.PoolClient,
  { actor, key }: IdempotencyKey,
  { requestHash, body }: KeptAnswer,
): Promise<void> {
  await client.query({
    name: 'admin_idempotency_keep',
    text: `
      insert into admin_idempotency (actor, key, request_hash, status, body, expires_at)
      values ($1, $2, $3, 200, $4, now() + make_interval(hours => $5))
      on conflict (actor, key) do update
        set request_hash = excluded.request_hash, status = excluded.status, body = excluded.body,
            expires_at = excluded.expires_at`,
    values: [actor, key, requestHash, body, KEPT_HOURS],
  })
}
