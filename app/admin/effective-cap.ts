// Which cap holds for one person in one period (M-6).
import type { Period } from '../lib/periods.ts'
import type { ScopeType, SpendLimit } from '../store/spend-limits.ts'

export type GroupLimitMode = 'min' | 'max'

export interface Holder {
  readonly principal: string
  readonly groups: readonly string[]
}

/** Caps, found by what they are for. */
export class LimitIndex {
  readonly #limits: ReadonlyMap<string, SpendLimit>
  readonly #mode: GroupLimitMode

  constructor(limits: readonly SpendLimit[], mode: GroupLimitMode) {
    this.#limits = new Map(
      limits.map(limit => [keyOf(limit.scope.type, limit.scope.id, limit.period), limit]),
    )
    this.#mode = mode
  }

  /**
   * The row that decides: the person's own, else that of the groups which the mode chooses, else the organization's;
   * null for none. A row whose amount is null decides too: nothing limits what it is for.
   */
  deciding({ principal, groups }: Holder, period: Period): SpendLimit | null {
    const find = (type: ScopeType, id: string) => this.#limits.get(keyOf(type, id, period))
    const ofGroups = groups.map(group => find('rbac_group', group)).filter(limit => limit !== undefined)
    return find('user', principal) ?? this.#chosen(ofGroups) ?? find('organization', '') ?? null
  }

  #chosen(limits: readonly SpendLimit[]): SpendLimit | undefined {
    const [first, ...others] = limits
    return others.reduce((best, limit) => (isBetter(limit, best, this.#mode) ? limit : best), first)
  }
}

function keyOf(type: ScopeType, id: string, period: Period): string {
  return `${type} ${period} ${id}`
}

/** Unlimited is more than any amount; of equal rows the one whose group sorts first, by bytes of UTF-8, is better. */
function isBetter(limit: SpendLimit, best: SpendLimit | undefined, mode: GroupLimitMode): boolean {
  if (best === undefined) return true
  const [smaller, larger] = mode === 'min' ? [limit, best] : [best, limit]
  if (smaller.amount === larger.amount)
    return Buffer.from(limit.scope.id).compare(Buffer.from(best.scope.id)) < 0
  if (smaller.amount === null) return false
  return larger.amount === null || BigInt(smaller.amount) < BigInt(larger.amount)
}
