// Caps and rows of the trail as they look on the wire, members in their order.
import type { AuditRow } from '../store/admin-audit.ts'
import type { Scope, SpendLimit } from '../store/spend-limits.ts'
import { hasPool } from './limit-request.ts'

/** A cap as the Admin API answers it (M-51). */
export function limitDocument(limit: SpendLimit): object {
  return {
    ...{ type: 'spend_limit', id: limit.id },
    ...{ created_at: limit.createdAt.toISOString(), updated_at: limit.updatedAt.toISOString() },
    ...{ scope: scopeDocument(limit.scope), amount: limit.amount, currency: 'USD', period: limit.period },
    ...poolMember(limit),
  }
}

/** A cap as it stands before and after a change (M-58). */
export function limitSnapshot(limit: SpendLimit): object {
  return {
    ...{ id: limit.id, scope: scopeDocument(limit.scope), amount: limit.amount, period: limit.period },
    ...{ currency: 'USD', created_at: limit.createdAt.toISOString() },
    ...{ updated_at: limit.updatedAt.toISOString(), ...poolMember(limit) },
  }
}

export function scopeDocument({ type, id }: Scope): object {
  switch (type) {
    case 'user':
      return { type, user_id: id }
    case 'rbac_group':
      return { type, rbac_group_id: id }
    case 'organization':
      return { type }
  }
}

function poolMember({ scope, period, poolAmount }: SpendLimit): object {
  if (!hasPool(scope, period)) return {}
  return { pooled_budget: poolAmount === null ? null : { amount: poolAmount } }
}

export function auditDocument(row: AuditRow): object {
  return {
    ...{ type: 'audit_event', id: row.id, created_at: row.at.toISOString(), actor: row.actor },
    ...{ action: row.action, target_id: row.target },
    ...{ before: inOrder(row.before), after: inOrder(row.after), reason: row.reason },
  }
}

const SNAPSHOT = [
  ...['id', 'scope', 'amount', 'period', 'currency', 'created_at', 'updated_at', 'pooled_budget'],
]

/** The database keeps members in an order of its own. */
function inOrder(snapshot: object | null): object | null {
  if (snapshot === null) return null
  const members = new Map<string, unknown>(Object.entries(snapshot))
  const sorted = SNAPSHOT.filter(name => members.has(name)).map(name => [name, members.get(name)])
  return Object.fromEntries(sorted)
}
