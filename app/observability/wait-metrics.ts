// How long the gateway waits for what it depends on: the store and the identity provider.
import type { IdpObserver } from '../identity/observer.ts'
import type { Clock } from '../lib/clock.ts'
import type { StoreObserver } from '../store/observer.ts'
import type { Distribution, Measurements } from './series.ts'

/** Measures every named statement, and what the sweeper deletes. */
export function storeMetrics(measurements: Measurements, clock: Clock): StoreObserver {
  const duration = measurements.distributions('gatehouse.store.duration')
  const rows = measurements.amounts('gatehouse.sweep.rows')
  const failures = measurements.amounts('gatehouse.sweep.failures')
  return {
    asking: operation => stopwatch(duration.of(operation), clock),
    swept: (table, count) => rows.of(table).add(count),
    sweepFailed: table => failures.of(table).add(1),
  }
}

/** Measures every question to the identity provider. */
export function idpMetrics(measurements: Measurements, clock: Clock): IdpObserver {
  const duration = measurements.distributions('gatehouse.idp.duration')
  return { asking: step => stopwatch(duration.of(step), clock) }
}

function stopwatch(duration: Distribution, clock: Clock): () => void {
  const startedAt = clock()
  return () => duration.record((clock() - startedAt) / 1000)
}
