import type { After } from '../../app/spend/ledger.ts'

/** Alarms that ring when the test says so. */
export function manualAlarms() {
  const set = new Set<{ readonly ms: number; readonly action: () => void }>()
  const after: After = (ms, action) => {
    const alarm = { ms, action }
    set.add(alarm)
    return () => void set.delete(alarm)
  }
  return {
    after,
    /** What is waited for, in milliseconds. */
    waits: () => [...set].map(({ ms }) => ms),
    ring(ms: number) {
      for (const alarm of [...set].filter(one => one.ms === ms)) {
        set.delete(alarm)
        alarm.action()
      }
    },
  }
}
