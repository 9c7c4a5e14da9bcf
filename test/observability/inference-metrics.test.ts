// What requests to models are counted as, and that nobody outside can invent a series (T-30, T-31).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AttemptOutcome } from '../../app/inference/failover.ts'
import type { RequestRecord } from '../../app/inference/observer.ts'
import { expositionOf } from '../../app/observability/exposition.ts'
import { InferenceMetrics } from '../../app/observability/inference-metrics.ts'
import { createMeasurements } from '../../app/observability/series.ts'
import { recordLog } from '../support/recorded-log.ts'

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
    startedAt: 1000,
    gate: null,
    settle: null,
    bodyReadAt: 1500,
    firstByteAt: 3000,
    endedAt: 61_000,
    status: 200,
  },
  ...{ upstream: 'anthropic', model: 'claude-sonnet-5', stream: true, attempts: [], usage: null },
}

const KNOWN = new Set(['claude-sonnet-5', 'claude-haiku-4-5'])

function measured(records: readonly Partial<RequestRecord>[]) {
  const log = recordLog()
  const measurements = createMeasurements(log)
  const metrics = new InferenceMetrics({
    measurements,
    modelOf: requested => (KNOWN.has(requested) ? requested : 'other'),
  })
  for (const record of records) metrics.over({ ...RECORD, ...record })
  const text = measurements.read().map(expositionOf).join('')
  return { log, readings: measurements.read(), lines: text.split('\n') }
}

function linesOf(lines: readonly string[], family: string): string[] {
  return lines.filter(line => line.startsWith(`${family}{`)).map(line => line.slice(family.length))
}

function attempt(upstream: string, result: AttemptOutcome, sendingAt: number | null = null) {
  return { upstream, model: 'claude-sonnet-5', startedAt: 1600, sendingAt, endedAt: 2000, result }
}

test('each end of a request has its outcome and the class of its status', () => {
  const { lines } = measured([
    {},
    { outcome: 'client_abort' },
    { outcome: 'upstream_abort' },
    { outcome: 'drained' },
    { status: 429, stream: false },
    { upstream: null, status: 503, stream: false },
    { upstream: null, status: 499, outcome: 'client_abort', model: null },
  ])

  assert.deepEqual(linesOf(lines, 'gatehouse_inference_requests_total'), [
    '{upstream="anthropic",model="claude-sonnet-5",stream="true",outcome="complete",status_class="2xx"} 1',
    '{upstream="anthropic",model="claude-sonnet-5",stream="true",outcome="client_abort",status_class="2xx"} 1',
    '{upstream="anthropic",model="claude-sonnet-5",stream="true",outcome="upstream_abort",status_class="2xx"} 1',
    '{upstream="anthropic",model="claude-sonnet-5",stream="true",outcome="drained",status_class="2xx"} 1',
    '{upstream="anthropic",model="claude-sonnet-5",stream="false",outcome="complete",status_class="4xx"} 1',
    '{upstream="none",model="claude-sonnet-5",stream="false",outcome="refused",status_class="5xx"} 1',
    '{upstream="none",model="other",stream="true",outcome="client_abort",status_class="4xx"} 1',
  ])
})

test('times are those of the audit event, and the overhead ends where an upstream is sent to', () => {
  const { lines } = measured([
    { attempts: [attempt('first', '5xx', 1504), attempt('anthropic', 'ok', 2600)] },
  ])

  const sums = lines.filter(line => /_sum/.test(line))
  assert.deepEqual(sums, [
    'gatehouse_inference_duration_seconds_sum{upstream="anthropic",stream="true"} 60',
    'gatehouse_inference_time_to_first_byte_seconds_sum{upstream="anthropic"} 2',
    'gatehouse_inference_overhead_seconds_sum 0.004',
  ])
  assert.deepEqual(linesOf(lines, 'gatehouse_upstream_attempts_total'), [
    '{upstream="first",result="5xx"} 1',
    '{upstream="anthropic",result="ok"} 1',
  ])
  assert.deepEqual(linesOf(lines, 'gatehouse_upstream_failovers_total'), [
    '{upstream="first",result="5xx"} 1',
  ])
})

test('tokens are counted by kind, and what a policy refuses by its key', () => {
  const part = { model: 'm', input: 1, output: 2, cache_read: 3, cache_write_5m: 4, cache_write_1h: 0 }
  const usage = {
    parts: [part, part],
    served_model: 'm',
    web_searches: 1,
    speed: null,
    inference_geo: null,
    estimated: false,
  }
  const { lines } = measured([
    { usage },
    { denial: 'availableModels' },
    { denial: 'deniedModels' },
    { denial: 'unmatched' },
  ])

  assert.deepEqual(linesOf(lines, 'gatehouse_inference_tokens_total'), [
    '{upstream="anthropic",model="claude-sonnet-5",kind="input"} 2',
    '{upstream="anthropic",model="claude-sonnet-5",kind="output"} 4',
    '{upstream="anthropic",model="claude-sonnet-5",kind="cache_read"} 6',
    '{upstream="anthropic",model="claude-sonnet-5",kind="cache_write_5m"} 8',
  ])
  assert.deepEqual(linesOf(lines, 'gatehouse_policy_denied_total'), [
    '{reason="available_models"} 1',
    '{reason="denied_models"} 1',
    '{reason="unmatched"} 1',
  ])
})

test('a client may name one of five classes; silence is not counted, and anything else is other', () => {
  const said = ['main', 'subagent', 'workflow', 'compaction', 'auxiliary', 'MAIN', 'x'.repeat(9000)]
  const { lines } = measured([
    {},
    ...said.map(word => ({ headers: { 'x-claude-code-request-class': word } })),
  ])

  assert.deepEqual(linesOf(lines, 'gatehouse_inference_request_class_total'), [
    ...['main', 'subagent', 'workflow', 'compaction', 'auxiliary'].map(word => `{class="${word}"} 1`),
    '{class="other"} 2',
  ])
})

test('10,000 hostile model names, statuses, classes and user agents make a handful of series', () => {
  const hostile = Array.from({ length: 10_000 }, (_, n) => ({
    model: `claude-${n}"} 1\nx`,
    status: n % 1000,
    attempts: [attempt('anthropic', n % 2 === 0 ? '4xx' : '5xx'), attempt('second', '429')],
    headers: { 'user-agent': `agent/${n}`, 'x-claude-code-request-class': `class-${n}` },
  }))

  const { readings, log } = measured(hostile)

  assert.deepEqual(
    readings.map(({ name, points }) => [name, points.length]),
    [
      ['gatehouse.inference.requests', 5],
      ['gatehouse.inference.duration', 1],
      ['gatehouse.inference.time_to_first_byte', 1],
      ['gatehouse.inference.overhead', 1],
      ['gatehouse.inference.request_class', 1],
      ['gatehouse.upstream.attempts', 3],
      ['gatehouse.upstream.failovers', 2],
    ],
  )
  assert.deepEqual(log.lines, [])
})

test('where drift is reported, requests are counted by what their client has for settings', () => {
  const { lines } = measured([{ settingsState: 'current' }, { settingsState: 'missing' }, {}])

  assert.deepEqual(linesOf(lines, 'gatehouse_policy_drift_total'), [
    '{state="current"} 1',
    '{state="missing"} 1',
  ])
})
