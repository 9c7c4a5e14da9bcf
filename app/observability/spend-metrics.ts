import type { SpendObserver } from '../spend/observer.ts'
import type { Measurements } from './series.ts'

/** Counts what the gate decides, and what becomes of the entries (T-30). Who spent what is no metric (T-32). */
export function spendMetrics(measurements: Measurements): SpendObserver {
  const decisions = measurements.amounts('gatehouse.spend.gate')
  const gate = measurements.distributions('gatehouse.spend.gate.duration')
  const settle = measurements.distributions('gatehouse.spend.settle.duration')
  const unsettled = measurements.amounts('gatehouse.spend.unsettled')
  return {
    gated(result, ms) {
      decisions.of(result).add(1)
      gate.of().record(ms / 1000)
    },
    settled: (_, ms) => settle.of().record(ms / 1000),
    unsettled: reason => unsettled.of(reason).add(1),
  }
}
