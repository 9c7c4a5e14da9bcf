// Who changed what through the Admin API: a row for each change, written in the change's own transaction (M-58).
import type pg from 'pg'

export type AdminAction = 'spend_limit.upsert' | 'spend_limit.delete' | 'principal.erase'

export interface AuditEntry {
  /** `admin-key:<id>` or `oidc:<sub>`. */
  readonly actor: string
  readonly action: AdminAction
  readonly target: string
  readonly before: object | null
  readonly after: object | null
  readonly reason: string | null
  readonly requestId: string
}

export interface AuditRow extends Omit<AuditEntry, 'requestId'> {
  /** Decimal; a later row has a greater one. */
  readonly id: string
  readonly at: Date
}

export async function addAudit(client: pg.PoolClient, entry: AuditEntry): Promise<void> {
  const { before, after } = entry
  await client.query({
    name: 'admin_audit_add',
    text: `
      insert into admin_audit (actor, action, target, before, after, reason, request_id)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      ...[entry.actor, entry.action, entry.target],
      ...[before && JSON.stringify(before), after && JSON.stringify(after)],
      ...[entry.reason, entry.requestId],
    ],
  })
}

/** At most `count` rows, newest first, older than the one with the id `before`; null: from the newest on. */
export async function pageOfAudit(
  client: pg.PoolClient,
  { count, before }: { count: number; before: string | null },
): Promise<AuditRow[]> {
  const { rows } = await client.query<AuditRow>({
    name: 'admin_audit_page',
    text: `
      select id, at, actor, action, target, before, after, reason
        from admin_audit
       where $2::bigint is null or id < $2
       order by id desc
       limit $1`,
    values: [count, before],
  })
  return rows
}
