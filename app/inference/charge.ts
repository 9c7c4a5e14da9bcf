import type { Admission, Spending } from './spending.ts'
import type { UsageRecord } from './usage-record.ts'

/** What becomes of one admission: it is settled once, or given back once, whoever comes first. */
export class Charge {
  readonly #spending: Pick<Spending, 'settle' | 'release'>
  readonly #admission: Admission
  #state: 'open' | 'deferred' | 'over' = 'open'

  constructor(spending: Pick<Spending, 'settle' | 'release'>, admission: Admission) {
    this.#spending = spending
    this.#admission = admission
  }

  /** Takes what the request used; the end of its answer waits for the promise, if there is one. */
  settle(record: UsageRecord): Promise<void> | null {
    if (this.#state === 'over') return null
    this.#state = 'over'
    return this.#spending.settle(this.#admission, record)
  }

  /** What the request used is being found out: until `settle` or `release`, its end changes nothing. */
  defer(): void {
    if (this.#state === 'open') this.#state = 'deferred'
  }

  /** The request used nothing. */
  release(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#spending.release(this.#admission)
  }

  /** The request is over. */
  close(): void {
    if (this.#state === 'open') this.release()
  }
}
