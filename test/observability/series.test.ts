// Series: how they are added up, and how many there may be (T-31).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUCKETS, INSTRUMENTS } from '../../app/observability/instruments.ts'
import { createMeasurements, Distribution, MAX_SERIES } from '../../app/observability/series.ts'
import { recordLog } from '../support/recorded-log.ts'

test('the same labels are the same series, and another value is another one', () => {
  const measurements = createMeasurements(recordLog())
  const denied = measurements.amounts('gatehouse.auth.denied')
  denied.of('expired').add(1)
  denied.of('expired').add(2)
  denied.of('revoked').add(1)

  const [reading] = measurements.read()

  assert.deepEqual(
    reading?.points.map(({ labels, value }) => [labels, value instanceof Distribution ? null : value.value]),
    [
      [{ reason: 'expired' }, 3],
      [{ reason: 'revoked' }, 1],
    ],
  )
})

test('a duration lands in the first bucket that holds it, bounds included', () => {
  const measurements = createMeasurements(recordLog())
  const overhead = measurements.distributions('gatehouse.inference.overhead').of()
  for (const seconds of [-1, 0.005, 0.0051, 3600, 3601]) overhead.record(seconds)

  const filled = overhead.counts.map((count, index) => [BUCKETS[index] ?? 'beyond', count])

  assert.deepEqual(
    filled.filter(([, count]) => count !== 0),
    [
      [0.005, 2],
      [0.01, 1],
      [3600, 1],
      ['beyond', 1],
    ],
  )
  assert.deepEqual([overhead.count, overhead.sum.toFixed(4)], [5, '7201.0101'])
})

test('the 2,000th series and every later one is one with the label of an overflow, and one warning', () => {
  const log = recordLog()
  const measurements = createMeasurements(log)
  const tokens = measurements.amounts('gatehouse.inference.tokens')
  for (let n = 0; n < 10_000; n += 1) tokens.of('anthropic', `model-${n}`, 'input').add(1)
  tokens.of('anthropic', 'model-0', 'input').add(1)

  const [reading] = measurements.read()

  const points = reading?.points ?? []
  const overflow = points.filter(({ labels }) => labels['otel.metric.overflow'] === true)
  assert.equal(points.length, MAX_SERIES)
  assert.deepEqual({ ...points[0]?.value }, { value: 2 })
  assert.deepEqual(
    overflow.map(({ value }) => ({ ...value })),
    [{ value: 10_000 - (MAX_SERIES - 1) }],
  )
  assert.deepEqual(log.lines, [
    'warn the metric gatehouse.inference.tokens has 2000 series, and no more: what is new is counted together',
  ])
})

test('no instrument has a label that could name a person, an address or a request', () => {
  const labels = new Set(Object.values(INSTRUMENTS).flatMap(({ labels }) => [...labels]))

  assert.deepEqual([...labels].toSorted(), [
    ...['class', 'config_sha256', 'contract', 'destination', 'fraction'],
    ...['http.request.method', 'http.response.status_code', 'http.route'],
    ...[
      'kind',
      'model',
      'operation',
      'outcome',
      'reason',
      'result',
      'scope',
      'signal',
      'state',
      'status_class',
    ],
    ...['step', 'stream', 'table', 'upstream', 'version'],
  ])
})
