// What `POST /v1/organizations/spend_limits` is asked for.
import { Refusal } from '../http/errors.ts'
import { PERIODS, type Period } from '../lib/periods.ts'
import type { Scope, ScopeType } from '../store/spend-limits.ts'
import { centsIn, nameIn, textIn, wordIn, wrong } from './field.ts'

export const SCOPE_TYPES: readonly ScopeType[] = ['user', 'rbac_group', 'organization']

export interface LimitRequest {
  readonly scope: Scope
  readonly period: Period
  /** Whole cents; null is unlimited. */
  readonly amount: string | null
  /** Whole cents; null removes the pool, undefined leaves it as it is (M-44). */
  readonly poolAmount: string | null | undefined
  readonly reason: string | null
}

const MAX_REASON_CHARACTERS = 500

/** Reads the body; the first problem is refused, in the order of the fields. Unknown members are ignored (M-51). */
export function readLimitRequest(body: Buffer): LimitRequest {
  const { scope: rawScope, amount, period: rawPeriod, currency, reason, pooled_budget: pool } = objectIn(body)
  const scope = scopeIn(rawScope)
  const limit = { scope, amount: amountIn(amount), period: periodIn(rawPeriod) }
  if (currency !== undefined && currency !== 'USD') throw wrong('currency', 'must be USD')
  return { ...limit, reason: reasonIn(reason), poolAmount: poolIn(pool, limit) }
}

type Members = Readonly<Record<string, unknown>>

function objectIn(body: Buffer): Members {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    // A SyntaxError for what is no JSON, a TypeError for what is no UTF-8.
    if (error instanceof SyntaxError || error instanceof TypeError) {
      throw new Refusal('invalid_json', 'body: must be JSON')
    }
    throw error
  }
  if (!isObject(value)) throw new Refusal('not_an_object', 'body: must be an object')
  return value
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function scopeIn(value: unknown): Scope {
  if (value === undefined) throw wrong('scope', 'is required')
  if (!isObject(value)) throw wrong('scope', 'must be an object')
  const type = wordIn(value['type'], SCOPE_TYPES, 'scope.type')
  switch (type) {
    case 'user':
      return { type, id: nameIn(value['user_id'], 'scope.user_id') }
    case 'rbac_group':
      return { type, id: nameIn(value['rbac_group_id'], 'scope.rbac_group_id') }
    case 'organization':
      return { type, id: '' }
  }
}

function amountIn(value: unknown): string | null {
  if (value === undefined) throw wrong('amount', 'is required')
  return value === null ? null : centsIn(value, 'amount', { orNull: true })
}

function periodIn(value: unknown): Period {
  return value === undefined ? 'monthly' : wordIn(value, PERIODS, 'period')
}

function reasonIn(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return textIn(value, { field: 'reason', atLeast: 0, atMost: MAX_REASON_CHARACTERS })
}

function poolIn(value: unknown, { scope, period }: { scope: Scope; period: Period }) {
  if (value === undefined) return undefined
  if (!hasPool(scope, period)) {
    throw wrong('pooled_budget', 'belongs to scope rbac_group with period monthly only')
  }
  if (value === null) return null
  if (!isObject(value)) throw wrong('pooled_budget', 'must be null or an object')
  return centsIn(value['amount'], 'pooled_budget.amount', { orNull: false })
}

/** Reports whether such a cap may have a pool beside it (M-43). */
export function hasPool(scope: Pick<Scope, 'type'>, period: Period): boolean {
  return scope.type === 'rbac_group' && period === 'monthly'
}
