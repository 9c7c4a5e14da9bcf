// Metrics at a collector: what arrives, decoded, and what becomes of a batch that does not (T-29).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUCKETS } from '../../app/observability/instruments.ts'
import { startMetricsExport } from '../../app/observability/metrics-export.ts'
import { createMeasurements } from '../../app/observability/series.ts'
import { answering, startCollector } from '../support/collector.ts'
import { decodeMetrics } from '../support/decoded-metrics.ts'
import { freePort } from '../support/free-port.ts'
import { recordLog } from '../support/recorded-log.ts'
import { startSender } from '../support/sender-rig.ts'

const SINCE = Date.UTC(2026, 10, 27, 12)
const UNTIL = SINCE + 61_500

function startExport(sender: ReturnType<typeof startSender>, intervalMs = 60_000) {
  const log = recordLog()
  const measurements = createMeasurements(log)
  const time = { now: SINCE }
  const metrics = startMetricsExport({
    ...{ sender, log, clock: () => time.now, collect: async () => measurements.read() },
    origin: {
      resource: { 'service.name': 'gatehouse', 'deployment.environment.name': 'prod' },
      scope: { name: 'gatehouse', version: '9.9.9' },
    },
    intervalMs,
  })
  time.now = UNTIL
  return { measurements, metrics, log }
}

test('counters, gauges and histograms arrive as such: cumulative, since the start, with their labels', async () => {
  await using collector = await startCollector()
  await using sender = startSender({ url: collector.url, headers: {} })
  const { measurements, metrics } = startExport(sender)
  measurements.amounts('gatehouse.inference.tokens').of('anthropic', 'claude-sonnet-5', 'input').add(7)
  measurements.amounts('gatehouse.inference.streams').of('anthropic').add(-1)
  measurements.amounts('nodejs.eventloop.utilization').of().set(0.25)
  measurements.distributions('http.server.request.duration').of('POST', '/v1/messages', 200).record(0.3)

  await metrics.finish()
  const [got] = await collector.received(1)

  assert.ok(got)
  assert.deepEqual(
    [got.path, got.headers['content-type'], got.headers['content-encoding']],
    ['/v1/metrics', 'application/x-protobuf', 'gzip'],
  )
  const { resource, scope, metrics: decoded } = decodeMetrics(got.body)
  const times = { start: SINCE, time: UNTIL }
  const plain = { sum: null, buckets: [], bounds: [] }
  assert.deepEqual(
    [resource, scope],
    [{ 'service.name': 'gatehouse', 'deployment.environment.name': 'prod' }, 'gatehouse 9.9.9'],
  )
  assert.deepEqual(
    decoded.map(({ description: _, ...metric }) => metric),
    [
      {
        ...{ name: 'http.server.request.duration', unit: 's', kind: 'histogram', temporality: 2 },
        points: [
          {
            ...times,
            attributes: {
              'http.request.method': 'POST',
              'http.route': '/v1/messages',
              'http.response.status_code': 200,
            },
            ...{ value: 1, isInteger: true, sum: 0.3, bounds: BUCKETS },
            buckets: BUCKETS.map(bound => Number(bound === 0.5)).concat(0),
          },
        ],
      },
      {
        ...{ name: 'gatehouse.inference.streams', unit: '{stream}', kind: 'up_down_counter', temporality: 2 },
        points: [{ ...times, attributes: { upstream: 'anthropic' }, value: -1, isInteger: true, ...plain }],
      },
      {
        ...{ name: 'gatehouse.inference.tokens', unit: '{token}', kind: 'counter', temporality: 2 },
        points: [
          {
            ...times,
            attributes: { upstream: 'anthropic', model: 'claude-sonnet-5', kind: 'input' },
            ...{ value: 7, isInteger: true, ...plain },
          },
        ],
      },
      {
        ...{ name: 'nodejs.eventloop.utilization', unit: '1', kind: 'gauge', temporality: 0 },
        points: [{ ...times, attributes: {}, value: 0.25, isInteger: false, ...plain }],
      },
    ],
  )
})

test('a batch leaves at every interval, and none after the end', async () => {
  await using collector = await startCollector()
  await using sender = startSender({ url: collector.url, headers: {} })
  const { measurements, metrics } = startExport(sender, 1)
  measurements.amounts('gatehouse.auth.denied').of('expired').add(1)

  await collector.received(3)
  metrics.end()

  for (const { body } of collector.exports) assert.equal(decodeMetrics(body).metrics.length, 1)
})

test('a batch that is lost is in the next one, as sums are since the start', async () => {
  await using collector = await startCollector(answering('400 Bad Request'))
  await using sender = startSender({ url: collector.url, headers: {} })
  const { measurements, metrics } = startExport(sender)
  const denied = measurements.amounts('gatehouse.auth.denied').of('expired')
  denied.add(2)
  await metrics.finish()
  await collector.received(1)
  collector.manner = answering('200 OK')
  denied.add(3)

  await metrics.finish()
  const [, second] = await collector.received(2)
  await sender.stop(1000)

  assert.deepEqual(sender.lost, ['metrics 1'])
  assert.equal(decodeMetrics(second?.body ?? Buffer.alloc(0)).metrics[0]?.points[0]?.value, 5)
})

test('nobody waits for a collector that is not there, and the loss is counted', async () => {
  await using sender = startSender({ url: `http://127.0.0.1:${await freePort()}`, headers: {} })
  const { measurements, metrics, log } = startExport(sender)
  measurements.amounts('gatehouse.auth.denied').of('expired').add(1)

  await metrics.finish()
  await sender.stop(0)

  assert.deepEqual([sender.lost, log.lines], [['metrics 1'], []])
})
