// A person is erased from every table that names them, in the caller's transaction (M-63).
import type pg from 'pg'

interface Step {
  readonly table: string
  /** `$1` is the subject; `$2`, where a step replaces it, the name that stands for it from now on. */
  readonly text: string
}

/** Who they were, and what was set for them. */
const IDENTITY: readonly Step[] = [
  { table: 'principal_emails', text: `delete from principal_emails where principal = $1` },
  { table: 'principal_groups', text: `delete from principal_groups where principal = $1` },
  { table: 'spend_limits', text: `delete from spend_limits where scope_type = 'user' and scope_id = $1` },
  {
    // Answers about their caps, which a repeat would show again.
    table: 'admin_idempotency',
    text: `delete from admin_idempotency where body::jsonb #>> '{scope,user_id}' = $1`,
  },
]

/** What they themselves were answered. */
const ANSWERS: readonly Step[] = [
  { table: 'admin_idempotency', text: `delete from admin_idempotency where actor = 'oidc:' || $1::text` },
]

/** Whatever else names them. Sums stay as they are. */
const SUBJECT: readonly Step[] = [
  // Before the counters: the sweep of expired holds locks in that order, too.
  { table: 'spend_holds', text: `update spend_holds set principal = $2 where principal = $1` },
  { table: 'spend', text: `update spend set principal = $2 where principal = $1` },
  {
    // Reservations that the line above had to wait for: their counters have the name already.
    table: 'spend_holds',
    text: `
      update spend_holds h set principal = $2
       where h.principal = $1
         and exists (select from spend s where s.principal = $2 and s.period = any (h.periods))`,
  },
  { table: 'usage_daily', text: `update usage_daily set principal = $2 where principal = $1` },
  { table: 'spend_entries', text: `update spend_entries set principal = $2 where principal = $1` },
  {
    table: 'spend_alerts',
    text: `update spend_alerts set scope = 'user:' || $2::text where scope = 'user:' || $1::text`,
  },
  {
    table: 'spend_limits',
    text: `update spend_limits set created_by = 'oidc:' || $2::text where created_by = 'oidc:' || $1::text`,
  },
  {
    // A reason is somebody's own words about them.
    table: 'admin_audit',
    text: `
      update admin_audit
         set before = jsonb_set(before, '{scope,user_id}', to_jsonb($2::text), false),
             after = jsonb_set(after, '{scope,user_id}', to_jsonb($2::text), false),
             reason = null
       where before #>> '{scope,user_id}' = $1 or after #>> '{scope,user_id}' = $1`,
  },
  {
    table: 'admin_audit',
    text: `update admin_audit set actor = 'oidc:' || $2::text where actor = 'oidc:' || $1::text`,
  },
  { table: 'admin_audit', text: `update admin_audit set target = $2 where target = $1` },
]

/** How many rows of each table went or were rewritten, in the order of the steps. */
export type ErasedRows = Readonly<Record<string, number>>

/** Deletes who `sub` was. The caller excludes settling, whose rows these are as well. */
export function eraseIdentity(client: pg.PoolClient, sub: string): Promise<ErasedRows> {
  return runSteps(client, IDENTITY, [sub])
}

/** As `eraseIdentity`, and puts `name` wherever the subject stands. */
export async function erasePerson(client: pg.PoolClient, sub: string, name: string): Promise<ErasedRows> {
  const identity = await runSteps(client, [...IDENTITY, ...ANSWERS], [sub])
  const subject = await runSteps(client, SUBJECT, [sub, name])
  return summed(Object.entries(identity), Object.entries(subject))
}

async function runSteps(
  client: pg.PoolClient,
  steps: readonly Step[],
  values: readonly string[],
): Promise<ErasedRows> {
  const counts: [string, number][] = []
  for (const { table, text } of steps) {
    const { rowCount } = await client.query({ text, values: [...values] })
    counts.push([table, rowCount ?? 0])
  }
  return summed(counts)
}

function summed(...lists: readonly (readonly [string, number][])[]): ErasedRows {
  const sums = new Map<string, number>()
  for (const [table, rows] of lists.flat()) sums.set(table, (sums.get(table) ?? 0) + rows)
  return Object.fromEntries(sums)
}
