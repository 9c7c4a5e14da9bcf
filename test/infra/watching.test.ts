// What is added on request: a copy of the audit log, a check from inside the network, a budget (G-54, G-57, G-58).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { AuditSink } from '../../infra/audit-sink.ts'
import { Budget } from '../../infra/budget.ts'
import { UptimeCheck } from '../../infra/uptime-check.ts'
import { PLACE } from '../support/infra-props.ts'
import { type Block, synthesized } from '../support/synthesized.ts'

test('the audit log is copied by an account that may write to that dataset alone', () => {
  const stack = synthesized(
    scope =>
      new AuditSink(scope, 'sink', {
        ...{ ...PLACE, service: 'gatehouse', dataset: 'projects/security/datasets/claude_audit' },
      }),
  )

  const sink = stack.one('google_logging_project_sink')
  assert.partialDeepStrictEqual(sink, {
    destination: 'bigquery.googleapis.com/projects/security/datasets/claude_audit',
    ...{ unique_writer_identity: true, bigquery_options: { use_partitioned_tables: true } },
  })
  assert.match(String(sink['filter']), /service_name="gatehouse" .*AND jsonPayload\.evt:\*$/)
  assert.partialDeepStrictEqual(stack.one('google_bigquery_dataset_iam_member'), {
    ...{ project: 'security', dataset_id: 'claude_audit', role: 'roles/bigquery.dataEditor' },
  })
  assert.match(
    String(stack.one('google_bigquery_dataset_iam_member')['member']),
    /^\$\{google_logging_project_sink\.\w+\.writer_identity\}$/,
  )
})

test('the check from inside asks the host, whether it is ready, by the name that Google’s front end lets through', () => {
  const stack = synthesized(
    scope =>
      new UptimeCheck(scope, 'check', {
        ...{ ...PLACE, host: 'gw.example.com', channels: ['c1'] },
        uptimeService: 'projects/p1/locations/us-east5/namespaces/internal/services/gatehouse',
      }),
  )

  assert.partialDeepStrictEqual(stack.one('google_monitoring_uptime_check_config'), {
    checker_type: 'VPC_CHECKERS',
    http_check: { path: '/ready', port: 443, use_ssl: true, headers: { Host: 'gw.example.com' } },
    monitored_resource: {
      type: 'servicedirectory_service',
      labels: {
        ...{ project_id: 'p1', location: 'us-east5', namespace_name: 'internal', service_name: 'gatehouse' },
      },
    },
  })
  const policy = stack.one('google_monitoring_alert_policy')
  const [condition] = policy['conditions'] as Record<string, Block>[]
  assert.match(String(condition?.['condition_threshold']?.['filter']), /uptime_check_id\}/)
  assert.match(String(policy['display_name']), /The gateway is not ready/)
})

test('its alert names a section of the operations manual that is there', () => {
  const manual = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')

  assert.ok(manual.split('\n').includes('### The gateway is not ready'))
})

test('a name of another form is refused before anything is made', () => {
  const props = { ...PLACE, host: 'gw.example.com', channels: [], uptimeService: 'gatehouse' }

  assert.throws(
    () => synthesized(scope => new UptimeCheck(scope, 'check', props)),
    /^Error: gatehouse is not/,
  )
})

test('the budget is of this project by its number, a month’s, in whole units', () => {
  const stack = synthesized(
    scope =>
      new Budget(scope, 'budget', {
        ...{ name: 'gatehouse', projectNumber: '123456789012', billingAccount: '012345-6789AB-CDEF01' },
        ...{ amount: 500, currency: 'EUR', thresholds: [0.5, 1] },
        channels: ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'],
      }),
  )

  assert.partialDeepStrictEqual(stack.one('google_billing_budget'), {
    budget_filter: { projects: ['projects/123456789012'], calendar_period: 'MONTH' },
    amount: { specified_amount: { currency_code: 'EUR', units: '500' } },
    threshold_rules: [{ threshold_percent: 0.5 }, { threshold_percent: 1 }],
    all_updates_rule: { monitoring_notification_channels: ['c1', 'c2', 'c3', 'c4', 'c5'] },
  })
})
