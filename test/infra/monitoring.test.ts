// What the audit log counts, and who is told when it is too much (G-53 to G-56).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { AUDIT_METRICS } from '../../infra/audit-metrics.ts'
import { Monitoring, type MonitoringProps } from '../../infra/monitoring.ts'
import { PLACE } from '../support/infra-props.ts'
import { type Block, synthesized } from '../support/synthesized.ts'

const PROPS: MonitoringProps = {
  ...{ ...PLACE, service: 'gatehouse', doctorJob: 'gatehouse-doctor', minInstances: 1, maxInstances: 8 },
  ...{
    database: { id: 'p1:gatehouse', connectionLimit: 100 },
    emails: ['oncall@example.com', 'ops@example.com'],
  },
}
const monitoringWith = (changes: Partial<MonitoringProps> = {}) =>
  synthesized(stack => new Monitoring(stack, 'monitoring', { ...PROPS, ...changes }))

const monitoring = monitoringWith()
const policies = monitoring.all('google_monitoring_alert_policy')

function conditionsOf(heading: string): readonly Record<string, Block>[] {
  const found = policies.find(policy => policy['display_name'] === `gatehouse: ${heading}`)
  return found?.['conditions'] as readonly Record<string, Block>[] // every policy has some
}

test('each row of the table becomes a metric under the name of the stack', () => {
  assert.deepEqual(
    monitoring.all('google_logging_metric').map(metric => metric['name']),
    AUDIT_METRICS.map(({ name }) => `gatehouse/${name}`).sort(),
  )
})

test('a metric counts lines of the service, of one event', () => {
  assert.partialDeepStrictEqual(monitoring.named('google_logging_metric', 'gatehouse/auth_denied'), {
    filter:
      'resource.type="cloud_run_revision" AND resource.labels.service_name="gatehouse" AND resource.labels.location="us-east5" AND jsonPayload.evt="auth.denied"',
    metric_descriptor: {
      ...{ metric_kind: 'DELTA', value_type: 'INT64', unit: '1' },
      labels: [{ key: 'reason', value_type: 'STRING' }],
    },
    label_extractors: { reason: 'EXTRACT(jsonPayload.reason)' },
  })
})

test('a metric may count several events, or those with one result', () => {
  const filterOf = (name: string) => monitoring.named('google_logging_metric', `gatehouse/${name}`)['filter']

  assert.match(
    String(filterOf('admin_changed')),
    /jsonPayload\.evt=\("admin\.limit\.upsert" OR "admin\.limit\.delete"\)$/,
  )
  assert.match(
    String(filterOf('sign_in_failed')),
    /jsonPayload\.evt="session\.mint" AND jsonPayload\.result="fail"$/,
  )
})

test('the doctor’s lines are those of its job', () => {
  assert.match(
    String(monitoring.named('google_logging_metric', 'gatehouse/doctor_failed')['filter']),
    /^resource\.type="cloud_run_job" AND resource\.labels\.job_name="gatehouse-doctor" /,
  )
})

test('durations are a distribution up to more than the hour that a request may take', () => {
  const metric = monitoring.named('google_logging_metric', 'gatehouse/inference_ms')

  assert.partialDeepStrictEqual(metric, {
    value_extractor: 'EXTRACT(jsonPayload.ms)',
    metric_descriptor: { value_type: 'DISTRIBUTION', unit: 'ms' },
  })
  const { exponential_buckets: buckets } = metric['bucket_options'] as Record<string, Record<string, number>>
  const { scale = 0, growth_factor = 0, num_finite_buckets = 0 } = buckets ?? {}
  assert.ok(scale * growth_factor ** num_finite_buckets > 3_600_000)
})

test('each address is told, of every alert', () => {
  const channels = monitoring.all('google_monitoring_notification_channel')

  assert.deepEqual(
    channels.map(({ type, labels }) => ({ type, labels })),
    PROPS.emails.map(email => ({ type: 'email', labels: { email_address: email } })),
  )
  for (const policy of policies) assert.equal((policy['notification_channels'] as string[]).length, 2)
})

test('without an address there are alerts, which tell nobody', () => {
  const stack = monitoringWith({ emails: [] })

  assert.deepEqual(stack.all('google_monitoring_notification_channel'), [])
  for (const policy of stack.all('google_monitoring_alert_policy')) {
    assert.deepEqual(policy['notification_channels'], [])
  }
})

test('the text of every alert names a section of the operations manual that is there', () => {
  const manual = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  const headings = new Set([...manual.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading))

  for (const policy of policies) {
    const { content } = policy['documentation'] as { content: string }
    const [, heading = ''] = /docs\/operations\.md, section "([^"]+)"\.$/.exec(content) ?? []
    assert.ok(headings.has(heading), `${heading}: no such heading`)
  }
})

test('an alert refers to its metric, which must be there first', () => {
  assert.match(
    JSON.stringify(conditionsOf('Many refused bearers')),
    /logging\.googleapis\.com\/user\/\$\{google_logging_metric\.[\w-]+\.name\}/,
  )
})

test('the thresholds are those of the table', () => {
  const told = [
    ...['Many refused bearers', 'Sign-ins fail', 'Refreshes fail', 'Client addresses are not known'],
    ...['The admin API is refused', 'Processes start again and again', 'A check of the doctor fails'],
  ].map(heading => {
    const { threshold_value, comparison, aggregations } =
      conditionsOf(heading)[0]?.['condition_threshold'] ?? {}
    const [{ alignment_period } = {}] = aggregations as Block[]
    return [heading, comparison, threshold_value, alignment_period]
  })

  assert.deepEqual(told, [
    ['Many refused bearers', 'COMPARISON_GT', 50, '300s'],
    ['Sign-ins fail', 'COMPARISON_GT', 10, '600s'],
    ['Refreshes fail', 'COMPARISON_GT', 20, '600s'],
    ['Client addresses are not known', 'COMPARISON_GT', 0, '300s'],
    ['The admin API is refused', 'COMPARISON_GT', 5, '600s'],
    ['Processes start again and again', 'COMPARISON_GT', 10, '600s'],
    ['A check of the doctor fails', 'COMPARISON_GT', 0, '900s'],
  ])
})

test('a share of failures alerts only with several of them', () => {
  const [share, count] = conditionsOf('Inference fails').map(condition => condition['condition_threshold'])

  assert.partialDeepStrictEqual(share, { threshold_value: 0.05, duration: '0s' })
  assert.match(String(share?.['filter']), /status=monitoring\.regex\.full_match\("5\[0-9\]\[0-9\]"\)$/)
  assert.doesNotMatch(String(share?.['denominator_filter']), /status/)
  assert.equal(count?.['threshold_value'], 4)
})

test('a doctor that is not heard of for 45 minutes is an alert', () => {
  assert.partialDeepStrictEqual(conditionsOf('The doctor is silent')[0], {
    condition_absent: { duration: '2700s' },
  })
})

test('the database alerts at four fifths of its connections and of its disk', () => {
  const limitOf = (heading: string) => conditionsOf(heading)[0]?.['condition_threshold']?.['threshold_value']

  assert.equal(limitOf('The database runs out of connections'), 80)
  assert.equal(limitOf('The disk of the database fills up'), 0.8)
})

test('all instances in use is an alert where their number changes', () => {
  const heading = 'gatehouse: All instances are in use'

  const fixed = monitoringWith({ minInstances: 8 }).all('google_monitoring_alert_policy')

  assert.equal(conditionsOf('All instances are in use')[0]?.['condition_threshold']?.['threshold_value'], 7)
  assert.ok(!fixed.some(policy => policy['display_name'] === heading))
})

test('the dashboard shows every metric of the audit log, and no other of ours', () => {
  const text = String(monitoring.one('google_monitoring_dashboard')['dashboard_json'])
  const shown = [...text.matchAll(/logging\.googleapis\.com\/user\/gatehouse\/(\w+)/g)].map(
    ([, name]) => name,
  )

  assert.deepEqual([...new Set(shown)].sort(), AUDIT_METRICS.map(({ name }) => name).sort())
})

test('nothing in the dashboard is left to be filled in', () => {
  const text = String(monitoring.one('google_monitoring_dashboard')['dashboard_json'])

  assert.doesNotMatch(text, /\{(name|service|database)\}/)
  assert.equal(JSON.parse(text).displayName, 'gatehouse')
})
