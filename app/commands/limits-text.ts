// Limits and their history as tables for people.
import { scopeText } from '../config/limit-scope.ts'
import { dollarsText } from '../lib/dollars.ts'
import { printable } from '../lib/printable.ts'
import { textTable } from '../lib/text-table.ts'
import type { AuditEvent, EffectiveLimit, SpendLimit } from './admin-shapes.ts'

const MAX_LINE = 500

export function limitsTable(limits: readonly SpendLimit[]): string {
  if (limits.length === 0) return 'no limits\n'
  const rows = limits.map(limit => [
    ...[scopeText(limit.scope), limit.period, amountText(limit.amount)],
    ...[limit.pooled_budget ? dollarsText(limit.pooled_budget.amount) : '', limit.id],
  ])
  return textTable(['FOR', 'PERIOD', 'AMOUNT', 'POOL', 'ID'], rows)
}

export function effectiveTable(limits: readonly EffectiveLimit[]): string {
  if (limits.length === 0) return 'nobody\n'
  const rows = limits.map(limit => [
    ...[limit.scope.user_id, limit.actor.email_address ?? '', limit.period],
    ...[dollarsText(limit.period_to_date_spend), limit.source === null ? 'no cap' : amountText(limit.amount)],
    limit.source === null ? '' : limit.source.type === 'user' ? 'own' : scopeText(limit.source),
  ])
  return textTable(['SUBJECT', 'ADDRESS', 'PERIOD', 'SPENT', 'CAP', 'FROM'], rows)
}

export function auditTable(events: readonly AuditEvent[]): string {
  if (events.length === 0) return 'no events\n'
  const rows = events.map(event => [
    ...[event.created_at, event.actor, event.action, targetText(event), changeText(event)],
    event.reason ?? '',
  ])
  return textTable(['AT', 'WHO', 'ACTION', 'OF', 'CHANGE', 'REASON'], rows)
}

export function poolsTable(
  pools: readonly {
    readonly rbac_group_id: string
    readonly amount: string
    readonly period_to_date_spend: string
  }[],
): string {
  if (pools.length === 0) return 'no pools\n'
  const rows = pools.map(pool => [
    ...[pool.rbac_group_id, dollarsText(pool.period_to_date_spend), dollarsText(pool.amount)],
  ])
  return textTable(['GROUP', 'SPENT THIS MONTH', 'POOL'], rows)
}

/** `$12.10`, or `unlimited`. */
function amountText(cents: string | null): string {
  return cents === null ? 'unlimited' : dollarsText(cents)
}

/** `$12.10`, or `unlimited, pool $5000.00`. */
export function limitText({ amount, pool }: { amount: string | null; pool: string | null }): string {
  return pool === null ? amountText(amount) : `${amountText(amount)}, pool ${dollarsText(pool)}`
}

/** `the monthly limit of group eng, $100.00, pool $5000.00 (spl_…)`, on one line. */
export function describedLimit({ id, scope, period, amount, pooled_budget: pool }: SpendLimit): string {
  const allowed = limitText({ amount, pool: pool?.amount ?? null })
  return printable(`the ${period} limit of ${scopeText(scope)}, ${allowed} (${id})`, MAX_LINE)
}

function targetText({ before, after, target_id }: AuditEvent): string {
  const limit = after ?? before
  return limit === null ? target_id : `${limit.period} ${scopeText(limit.scope)}`
}

function changeText({ before, after }: AuditEvent): string {
  if (before === null && after === null) return ''
  const shown = [before, after].map(limit =>
    limit === null ? 'none' : limitText({ amount: limit.amount, pool: limit.pooled_budget?.amount ?? null }),
  )
  return shown.join(' → ')
}
