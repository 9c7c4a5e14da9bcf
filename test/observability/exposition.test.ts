// The text of the page: names, units and escapes of T-28, read by a strict parser.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expositionOf, familyName, targetInfo } from '../../app/observability/exposition.ts'
import { INSTRUMENTS, type InstrumentName } from '../../app/observability/instruments.ts'
import { createMeasurements } from '../../app/observability/series.ts'
import { parseExposition } from '../support/exposition.ts'
import { recordLog } from '../support/recorded-log.ts'

test('names are spelled as Prometheus wants them: underscores, the unit in words, _total on counters', () => {
  const spelled = (Object.keys(INSTRUMENTS) as InstrumentName[]).map(name =>
    familyName(name, INSTRUMENTS[name]),
  )

  assert.deepEqual(spelled, [
    ...['http_server_request_duration_seconds', 'http_server_active_requests'],
    ...['gatehouse_inference_requests_total', 'gatehouse_inference_duration_seconds'],
    ...['gatehouse_inference_time_to_first_byte_seconds', 'gatehouse_inference_overhead_seconds'],
    ...['gatehouse_inference_streams', 'gatehouse_inference_shed_total', 'gatehouse_inference_tokens_total'],
    'gatehouse_inference_cost_usd_total',
    ...['gatehouse_inference_uncounted_total', 'gatehouse_inference_request_class_total'],
    'gatehouse_upstream_attempts_total',
    ...['gatehouse_upstream_failovers_total', 'gatehouse_upstream_state', 'gatehouse_policy_denied_total'],
    'gatehouse_policy_drift_total',
    ...[
      'gatehouse_policy_settings_total',
      ...['gatehouse_spend_gate_total', 'gatehouse_spend_gate_duration_seconds'],
      ...['gatehouse_spend_settle_duration_seconds', 'gatehouse_spend_queue'],
      ...['gatehouse_spend_unsettled_total', 'gatehouse_spend_estimated_total'],
      ...['gatehouse_spend_unknown_price_total', 'gatehouse_spend_alerts_total'],
      'gatehouse_spend_alert_deliveries_total',
      'gatehouse_auth_denied_total',
      'gatehouse_sign_in_total',
    ],
    ...['gatehouse_idp_duration_seconds', 'gatehouse_telemetry_received_total'],
    ...['gatehouse_telemetry_received_bytes_total', 'gatehouse_telemetry_forwarded_total'],
    ...['gatehouse_telemetry_dropped_total', 'gatehouse_telemetry_queue_bytes', 'gatehouse_telemetry_paused'],
    ...['gatehouse_store_up', 'gatehouse_store_duration_seconds', 'db_client_connection_count'],
    ...[
      'db_client_connection_pending_requests',
      ...['gatehouse_sweep_rows_total', 'gatehouse_sweep_failures_total'],
      'gatehouse_audit_dropped_total',
    ],
    ...['gatehouse_observability_dropped_total', 'gatehouse_config_info', 'process_cpu_time_seconds_total'],
    ...['process_memory_usage_bytes', 'process_open_file_descriptor_count'],
    ...['nodejs_eventloop_delay_p99_seconds', 'nodejs_eventloop_utilization', 'v8js_memory_heap_used_bytes'],
  ])
  assert.equal(new Set(spelled).size, spelled.length)
})

test('a counter, a gauge and a histogram, line by line', () => {
  const measurements = createMeasurements(recordLog())
  measurements.amounts('gatehouse.auth.denied').of('expired').add(3)
  measurements.amounts('gatehouse.inference.streams').of('anthropic').add(2)
  measurements.distributions('gatehouse.idp.duration').of('token').record(0.3)

  const text = measurements.read().map(expositionOf).join('')

  parseExposition(text)
  assert.deepEqual(
    text.split('\n').filter(line => !/_bucket\{.*"} 0$/.test(line)),
    [
      '# HELP gatehouse_inference_streams Streams that are open.',
      '# TYPE gatehouse_inference_streams gauge',
      'gatehouse_inference_streams{upstream="anthropic"} 2',
      '# HELP gatehouse_auth_denied_total Requests without a valid bearer.',
      '# TYPE gatehouse_auth_denied_total counter',
      'gatehouse_auth_denied_total{reason="expired"} 3',
      '# HELP gatehouse_idp_duration_seconds How long the identity provider took, answered or not.',
      '# TYPE gatehouse_idp_duration_seconds histogram',
      ...['0.5', '1', '2.5', '5', '10', '30', '60', '120', '300', '600', '1800', '3600', '+Inf'].map(
        le => `gatehouse_idp_duration_seconds_bucket{step="token",le="${le}"} 1`,
      ),
      'gatehouse_idp_duration_seconds_sum{step="token"} 0.3',
      'gatehouse_idp_duration_seconds_count{step="token"} 1',
      '',
    ],
  )
})

test('whatever a configured name holds, it stays inside its quotes', () => {
  const measurements = createMeasurements(recordLog())
  const name = 'a"b\\c\nd} 1\ngatehouse_auth_denied_total 99'
  measurements.amounts('gatehouse.upstream.attempts').of(name, 'ok').add(1)

  const text =
    targetInfo({ 'deployment.environment.name': name }) + measurements.read().map(expositionOf).join('')

  const families = parseExposition(text)
  assert.deepEqual([...families.keys()], ['target_info', 'gatehouse_upstream_attempts_total'])
  assert.deepEqual(families.get('target_info')?.samples[0]?.labels, { deployment_environment_name: name })
  assert.deepEqual(families.get('gatehouse_upstream_attempts_total')?.samples[0]?.labels, {
    upstream: name,
    result: 'ok',
  })
})
