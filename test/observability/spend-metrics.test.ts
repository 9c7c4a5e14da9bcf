// What the metrics of limits say (T-30): decisions and entries, never who.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expositionOf } from '../../app/observability/exposition.ts'
import { createMeasurements } from '../../app/observability/series.ts'
import { spendMetrics } from '../../app/observability/spend-metrics.ts'
import type { SpendObserver } from '../../app/spend/observer.ts'
import { recordLog } from '../support/recorded-log.ts'

/** The page without its buckets. */
function samplesAfter(told: (spend: SpendObserver) => void): string[] {
  const measurements = createMeasurements(recordLog())
  told(spendMetrics(measurements))
  const lines = measurements.read().map(expositionOf).join('').split('\n')
  return lines.filter(line => line !== '' && !line.startsWith('#') && !line.includes('_bucket'))
}

test('every decision of the gate is counted by its result, and how long it took', () => {
  const samples = samplesAfter(spend => {
    spend.gated('allowed', 4)
    spend.gated('allowed', 8)
    spend.gated('blocked', 500)
    spend.gated('open', 2000)
  })

  assert.deepEqual(samples, [
    'gatehouse_spend_gate_total{result="allowed"} 2',
    'gatehouse_spend_gate_total{result="blocked"} 1',
    'gatehouse_spend_gate_total{result="open"} 1',
    'gatehouse_spend_gate_duration_seconds_sum 2.512',
    'gatehouse_spend_gate_duration_seconds_count 4',
  ])
})

test('each statement that stores entries counts once, whatever it held; what it could not store counts by why', () => {
  const samples = samplesAfter(spend => {
    spend.settled(1, 250)
    spend.settled(500, 1000)
    spend.unsettled('late')
    spend.unsettled('queue_full')
    spend.unsettled('late')
  })

  assert.deepEqual(samples, [
    'gatehouse_spend_settle_duration_seconds_sum 1.25',
    'gatehouse_spend_settle_duration_seconds_count 2',
    'gatehouse_spend_unsettled_total{reason="late"} 2',
    'gatehouse_spend_unsettled_total{reason="queue_full"} 1',
  ])
})
