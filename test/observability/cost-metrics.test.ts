// What the metrics of cost say, and that their sums are exact (T-30, T-31, T-33).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UsageRecord } from '../../app/inference/usage-record.ts'
import { CostMetrics } from '../../app/observability/cost-metrics.ts'
import { expositionOf } from '../../app/observability/exposition.ts'
import { createMeasurements, MAX_SERIES } from '../../app/observability/series.ts'
import { partOf, pricingOf, usageOf } from '../support/prices.ts'
import { recordLog } from '../support/recorded-log.ts'

const RECORD: UsageRecord = {
  ...{ request_id: 'r', sub: 's', upstream: 'main', load_test: false, estimated: false, aborted: false },
  ...{ upstream_model: 'claude-sonnet-5', client_model: 'claude-sonnet-5' },
  ...usageOf({ input: 1000, output: 200 }),
}

const KNOWN = new Set(['claude-sonnet-5', 'corp'])

function measured(records: Iterable<Partial<UsageRecord>>) {
  const log = recordLog()
  const measurements = createMeasurements(log)
  const pricing = pricingOf()
  const metrics = new CostMetrics({
    measurements,
    costOf: record => {
      const { upstream, upstream_model: sentAs, client_model: requested } = record
      return pricing.cost(record, { upstream, sentAs, requested, id: requested })
    },
    modelOf: requested => (KNOWN.has(requested) ? requested : 'other'),
  })
  for (const record of records) metrics.add({ ...RECORD, ...record })
  const readings = measurements.read()
  const samples = readings.map(expositionOf).join('').split('\n')
  return { log, readings, samples: samples.filter(line => line !== '' && !line.startsWith('#')) }
}

test('cost is counted in dollars, by upstream and model of the catalogue', () => {
  const { samples, log } = measured([
    {},
    {},
    { upstream: 'vertex-anywhere', upstream_model: 'claude-opus-4-8', client_model: 'corp' },
    { client_model: 'marked-by-a-client' },
  ])

  assert.deepEqual(samples, [
    'gatehouse_inference_cost_usd_total{upstream="main",model="claude-sonnet-5"} 0.008',
    'gatehouse_inference_cost_usd_total{upstream="vertex-anywhere",model="corp"} 0.01',
    'gatehouse_inference_cost_usd_total{upstream="main",model="other"} 0.004',
  ])
  assert.deepEqual(log.lines, [])
})

test('a hundred thousand replies of a third of a cent cost what they cost, without drift', () => {
  const third = { parts: [partOf('m', { input: 1667 })], served_model: 'm' }

  const { samples } = measured(new Array(100_000).fill(third))

  // 1667 × 2,000 nano-dollars, a hundred thousand times.
  assert.deepEqual(samples, [
    'gatehouse_inference_cost_usd_total{upstream="main",model="claude-sonnet-5"} 333.4',
  ])
})

test('what was estimated is counted by why, and what has no price by its upstream', () => {
  const { samples } = measured([
    { estimated: true, aborted: true },
    { estimated: true },
    { aborted: true },
    { upstream_model: 'corp-1', client_model: 'corp' },
    { upstream_model: 'corp-1', client_model: 'corp' },
    { upstream_model: 'corp-2', client_model: 'corp' },
  ])

  assert.deepEqual(samples.slice(2), [
    'gatehouse_spend_estimated_total{reason="aborted"} 1',
    'gatehouse_spend_estimated_total{reason="no_usage"} 1',
    'gatehouse_spend_unknown_price_total{upstream="main"} 3',
  ])
})

test('10,000 hostile names of models make one series each', () => {
  const hostile = Array.from({ length: 10_000 }, (_, n) => ({
    ...{ client_model: `client-${n}`, upstream_model: `upstream-${n}` },
    ...{ parts: [partOf(`reply-${n}`, { input: 1 })], served_model: `reply-${n}` },
  }))

  const { readings } = measured(hostile)

  assert.deepEqual(
    readings.map(({ name, points }) => [name, points.length]),
    [
      ['gatehouse.inference.cost', 1],
      ['gatehouse.spend.unknown_price', 1],
    ],
  )
})

test('series beyond the bound are summed together, exactly too', () => {
  const many = Array.from({ length: MAX_SERIES + 10 }, (_, n) => ({ upstream: `upstream-${n}` }))

  const { samples } = measured(many)

  assert.equal(samples.length, MAX_SERIES)
  assert.equal(samples.at(-1), 'gatehouse_inference_cost_usd_total{otel_metric_overflow="true"} 0.044')
})
