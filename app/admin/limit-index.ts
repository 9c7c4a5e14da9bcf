// The caps of a report's people, found by whom they are for.
import { PERIODS, type Period } from '../lib/periods.ts'
import { type CapRow, effectiveCaps, type GroupLimitMode } from '../spend/caps.ts'
import type { ScopeType, SpendLimit } from '../store/spend-limits.ts'

export interface Holder {
  readonly principal: string
  readonly groups: readonly string[]
}

export class LimitIndex {
  readonly #byScope: ReadonlyMap<string, readonly SpendLimit[]>
  readonly #mode: GroupLimitMode

  constructor(limits: readonly SpendLimit[], mode: GroupLimitMode) {
    this.#byScope = Map.groupBy(limits, ({ scope }) => keyOf(scope.type, scope.id))
    this.#mode = mode
  }

  /** The row that holds for somebody in each period; absent where there is no cap. */
  holdingFor({ principal, groups }: Holder): ReadonlyMap<Period, SpendLimit> {
    const limits = [
      ...this.#of('user', principal),
      ...groups.flatMap(group => this.#of('rbac_group', group)),
      ...this.#of('organization', ''),
    ]
    const caps = effectiveCaps(limits.map(capRowOf), this.#mode)
    const held = PERIODS.flatMap((period): [Period, SpendLimit][] => {
      const limit = limits.find(({ id }) => id === caps[period]?.limitId)
      return limit === undefined ? [] : [[period, limit]]
    })
    return new Map(held)
  }

  #of(type: ScopeType, id: string): readonly SpendLimit[] {
    return this.#byScope.get(keyOf(type, id)) ?? []
  }
}

function capRowOf({ id, scope, period, amount }: SpendLimit): CapRow {
  const cents = amount === null ? null : BigInt(amount)
  return { limitId: id, scope: scope.type, scopeId: scope.id, period, cents }
}

function keyOf(type: ScopeType, id: string): string {
  return `${type} ${id}`
}
