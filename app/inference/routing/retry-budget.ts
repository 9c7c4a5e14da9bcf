// How many calls beyond one per request the upstreams of this replica may get: a sliding window of ten seconds.

export interface BudgetRules {
  /** Extra calls per request, at most. */
  readonly ratio: number
  /** So many are allowed however few requests there are. */
  readonly floor: number
}

/** The parts of the window; the oldest is forgotten as a whole. */
const SLOTS = 10
const SLOT_MS = 1000

export class RetryBudget {
  readonly #rules: BudgetRules
  readonly #requests: number[] = Array(SLOTS).fill(0)
  readonly #extras: number[] = Array(SLOTS).fill(0)
  /** The number of the newest slot, counted from the clock's zero. */
  #newest = 0

  constructor(rules: BudgetRules) {
    this.#rules = rules
  }

  /** A request that has a choice of upstreams came in. */
  request(now: number): void {
    this.#slide(now)
    add(this.#requests, this.#newest)
  }

  /** Reports whether one more extra call fits. */
  allows(now: number): boolean {
    this.#slide(now)
    const { ratio, floor } = this.#rules
    return sum(this.#extras) < Math.max(floor, Math.floor(ratio * sum(this.#requests)))
  }

  /** An upstream is called once more for the same request. */
  spend(now: number): void {
    this.#slide(now)
    add(this.#extras, this.#newest)
  }

  #slide(now: number): void {
    const slot = Math.floor(now / SLOT_MS)
    const passed = Math.min(SLOTS, slot - this.#newest)
    for (let back = 0; back < passed; back += 1) {
      this.#requests[(slot - back) % SLOTS] = 0
      this.#extras[(slot - back) % SLOTS] = 0
    }
    if (passed > 0) this.#newest = slot
  }
}

function add(slots: number[], slot: number): void {
  const at = slot % SLOTS
  slots[at] = (slots[at] ?? 0) + 1
}

function sum(slots: readonly number[]): number {
  return slots.reduce((total, count) => total + count, 0)
}
