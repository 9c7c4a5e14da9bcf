// Whoever watches spend, as a test plays it: admits everybody, and stores when the test says so.
import type { Admission, Spending } from '../../app/inference/spending.ts'
import type { UsageRecord } from '../../app/inference/usage-record.ts'

interface Settlement {
  readonly id: string
  readonly record: UsageRecord
}

export interface WatchedSpending extends Spending {
  /** Ids of the admissions so far: `1`, `2` and so on. */
  readonly admitted: readonly string[]
  readonly settled: readonly Settlement[]
  readonly released: readonly string[]
  /** Resolves with the settlement of that number, counted from 1. */
  settlement(number: number): Promise<Settlement>
  /** Lets every answer end that waits, and those that come. */
  store(): void
}

export function watchSpending(): WatchedSpending {
  const admitted: string[] = []
  const settled: Settlement[] = []
  const released: string[] = []
  const stored = Promise.withResolvers<void>()
  let wake = () => {}
  return {
    ...{ admitted, settled, released },
    begin: ({ identity }) => ({
      pass() {
        const entryId = String(admitted.length + 1)
        admitted.push(entryId)
        const admission: Admission = { entryId, admittedAt: 0, identity, headers: {}, isHeld: false }
        return Promise.resolve(admission)
      },
    }),
    settle({ entryId: id }, record) {
      settled.push({ id, record })
      wake()
      return stored.promise
    },
    release: ({ entryId }) => void released.push(entryId),
    async settlement(number) {
      for (;;) {
        const found = settled[number - 1]
        if (found !== undefined) return found
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    },
    store: () => stored.resolve(),
  }
}
