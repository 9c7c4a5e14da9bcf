// What has to change so that the limits of a gateway are those of a file.
import { type LimitScope, scopeText } from '../config/limit-scope.ts'
import { type DesiredLimit, limitKey } from '../config/limits-file.ts'
import type { Period } from '../lib/periods.ts'
import { textTable } from '../lib/text-table.ts'
import type { SpendLimit } from './admin-shapes.ts'
import { limitText } from './limits-text.ts'

/** What a limit allows: whole cents; an amount of null is unlimited, a pool of null is none. */
export interface Allowance {
  readonly amount: string | null
  readonly pool: string | null
}

interface Named {
  readonly scope: LimitScope
  readonly period: Period
}

export type Step = Named &
  (
    | { readonly kind: 'create'; readonly to: Allowance }
    | { readonly kind: 'change'; readonly from: Allowance; readonly to: Allowance }
    | { readonly kind: 'delete'; readonly id: string; readonly from: Allowance }
  )

export interface Plan {
  /** In the order in which they are done: what the file has, in its order, then what goes. */
  readonly steps: readonly Step[]
  readonly unchanged: number
  /** Limits of the gateway that the file does not have, and that stay. */
  readonly unlisted: number
}

/** Compares; with `prune` what the file does not have goes. */
export function planOf(
  desired: readonly DesiredLimit[],
  existing: readonly SpendLimit[],
  { prune }: { readonly prune: boolean },
): Plan {
  const known = new Map(existing.map(limit => [limitKey(limit), limit]))
  const kept = desired.flatMap(({ scope, period, amount, pool }): Step[] => {
    const now = known.get(limitKey({ scope, period }))
    const to = { amount, pool }
    if (now === undefined) return [{ kind: 'create', scope, period, to }]
    const from = allowanceOf(now)
    const isSame = from.amount === amount && from.pool === pool
    return isSame ? [] : [{ kind: 'change', scope, period, from, to }]
  })
  const listedKeys = new Set(desired.map(limitKey))
  const unlisted = existing.filter(limit => !listedKeys.has(limitKey(limit)))
  const gone = unlisted.map(
    (limit): Step => ({
      ...{ kind: 'delete', scope: limit.scope, period: limit.period },
      ...{ id: limit.id, from: allowanceOf(limit) },
    }),
  )
  return {
    steps: prune ? [...kept, ...gone] : kept,
    unchanged: desired.length - kept.length,
    unlisted: prune ? 0 : unlisted.length,
  }
}

function allowanceOf({ amount, pooled_budget: pool }: SpendLimit): Allowance {
  return { amount, pool: pool?.amount ?? null }
}

/** A line per step, and what is left alone. */
export function planText(plan: Plan): string {
  const { steps, unchanged, unlisted } = plan
  const rows = steps.map(step => [step.kind, step.period, scopeText(step.scope), stepText(step)])
  const table = steps.length === 0 ? '' : textTable(['DO', 'PERIOD', 'FOR', 'AMOUNT'], rows)
  const stays = unlisted === 0 ? '' : `${unlisted} not in the file, which stay (--prune deletes them)\n`
  return `${table}${countText(steps)}, ${unchanged} unchanged\n${stays}`
}

/** `1 to create, 0 to change, 2 to delete`. */
export function countText(steps: readonly Step[], verb: 'to do' | 'done' = 'to do'): string {
  const count = (kind: Step['kind']) => steps.filter(step => step.kind === kind).length
  return verb === 'done'
    ? `${count('create')} created, ${count('change')} changed, ${count('delete')} deleted`
    : `${count('create')} to create, ${count('change')} to change, ${count('delete')} to delete`
}

function stepText(step: Step): string {
  if (step.kind === 'create') return limitText(step.to)
  const from = limitText(step.from)
  return step.kind === 'change' ? `${from} → ${limitText(step.to)}` : from
}
