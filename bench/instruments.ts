// What counting one request costs: the gateway's own series beside the instruments of OpenTelemetry's SDK.
//
// usage: node bench/instruments.ts [--requests 200000]
import { parseArgs } from 'node:util'
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import type { RequestRecord } from '../app/inference/observer.ts'
import { steadyClock } from '../app/lib/clock.ts'
import { silentLog } from '../app/lib/log.ts'
import { HttpMetrics } from '../app/observability/http-metrics.ts'
import { InferenceMetrics } from '../app/observability/inference-metrics.ts'
import { createMeasurements } from '../app/observability/series.ts'
import { quantile, shuffled } from './statistics.ts'

const { values } = parseArgs({ options: { requests: { type: 'string', default: '200000' } } })
const REQUESTS = Number(values.requests)
const ROUNDS = 7

const RECORD: RequestRecord = {
  ...{
    requestId: 'r',
    operation: 'messages',
    trace: null,
    headers: {},
    denial: null,
    outcome: undefined,
    settingsState: null,
  },
  ...{
    receivedAt: 0,
    startedAt: 1,
    gate: null,
    settle: null,
    bodyReadAt: 2,
    firstByteAt: 30,
    endedAt: 90,
    status: 200,
    stream: true,
  },
  ...{ upstream: 'anthropic', model: 'claude-sonnet-5' },
  attempts: [
    {
      upstream: 'anthropic',
      model: 'claude-sonnet-5',
      startedAt: 2,
      sendingAt: 3,
      endedAt: 90,
      result: 'ok',
    },
  ],
  usage: {
    parts: [{ model: 'm', input: 9, output: 5, cache_read: 90, cache_write_5m: 4, cache_write_1h: 0 }],
    ...{ served_model: 'm', web_searches: 0, speed: null, inference_geo: null, estimated: false },
  },
}

/** One request, as the gateway's own metrics count it. */
function own(): () => void {
  const measurements = createMeasurements(silentLog)
  const http = new HttpMetrics({ measurements, clock: steadyClock })
  const inference = new InferenceMetrics({ measurements, modelOf: requested => requested })
  return () => {
    const over = http.began({ method: 'POST' }, '/v1/messages')
    inference.streaming('anthropic', 1)
    inference.streaming('anthropic', -1)
    inference.over(RECORD)
    over(200)
  }
}

/** A reader that keeps cumulative sums, as an exporter does. */
class Reader extends MetricReader {
  constructor() {
    super({ aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE })
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }
}

/** The same counts by the SDK; the attributes are made once, as a caller would that minds its speed. */
function sdk(): () => void {
  const meter = new MeterProvider({ readers: [new Reader()] }).getMeter('bench')
  const counters = ['requests', 'tokens', 'attempts'].map(name => meter.createCounter(name))
  const [requests, tokens, attempts] = counters
  const active = meter.createUpDownCounter('active')
  const streams = meter.createUpDownCounter('streams')
  const [http, duration, firstByte, overhead] = ['http', 'duration', 'first', 'overhead'].map(name =>
    meter.createHistogram(name),
  )
  const route = { 'http.route': '/v1/messages' }
  const whole = { ...route, 'http.request.method': 'POST', 'http.response.status_code': 200 }
  const upstream = { upstream: 'anthropic' }
  const model = { ...upstream, model: 'claude-sonnet-5' }
  const outcome = { ...model, stream: true, outcome: 'complete', status_class: '2xx' }
  const kinds = ['input', 'output', 'cache_read', 'cache_write_5m'].map(kind => ({ ...model, kind }))
  return () => {
    active.add(1, route)
    streams.add(1, upstream)
    streams.add(-1, upstream)
    requests?.add(1, outcome)
    duration?.record(0.089, { ...upstream, stream: true })
    firstByte?.record(0.029, upstream)
    overhead?.record(0.001)
    attempts?.add(1, { ...upstream, result: 'ok' })
    for (const kind of kinds) tokens?.add(9, kind)
    active.add(-1, route)
    http?.record(0.09, whole)
  }
}

function microseconds(request: () => void): number {
  const began = performance.now()
  for (let n = 0; n < REQUESTS; n += 1) request()
  return ((performance.now() - began) * 1000) / REQUESTS
}

const arms = [
  { name: 'own series', request: own(), rounds: [] as number[] },
  { name: 'SDK instruments', request: sdk(), rounds: [] as number[] },
]
for (let round = 0; round < ROUNDS; round += 1)
  for (const arm of shuffled(arms)) arm.rounds.push(microseconds(arm.request))
for (const { name, rounds } of arms)
  console.log(
    `${name.padEnd(16)} ${quantile(rounds, 0.5).toFixed(2)} µs a request (median of ${ROUNDS} rounds)`,
  )
