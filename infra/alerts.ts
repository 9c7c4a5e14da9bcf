/** Every default alert. The numbers are those of the specification's table, or of decision 145. */
import type { Alert } from './alert-policy.ts'

/** What the alerts are about. */
export interface AlertFacts {
  /** Type of the metric that is counted from the audit log under this name. */
  readonly metricType: (name: string) => string
  readonly service: string
  readonly minInstances: number
  readonly maxInstances: number
  /** `<project>:<instance>` of Cloud SQL, and how many connections it accepts. */
  readonly database: { readonly id: string; readonly connectionLimit: number }
}

const MINUTE = 60

export function alertsOf(facts: AlertFacts): readonly Alert[] {
  return [...peopleAlerts(facts), ...inferenceAlerts(facts), ...doctorAlerts(facts), ...platformAlerts(facts)]
}

function peopleAlerts({ metricType }: AlertFacts): Alert[] {
  const of = (metric: string, labels = '') => logged(metricType(metric), 'cloud_run_revision', labels)
  return [
    {
      ...{ id: 'auth-denied', heading: 'Many refused bearers', severity: 'WARNING' },
      says: 'More than 50 requests in 5 minutes had no valid bearer.',
      conditions: [{ kind: 'count', filter: of('auth_denied'), above: 50, window: 5 * MINUTE }],
    },
    {
      ...{ id: 'sign-in-failed', heading: 'Sign-ins fail', severity: 'ERROR' },
      says: 'More than 10 sign-ins failed in 10 minutes.',
      conditions: [{ kind: 'count', filter: of('sign_in_failed'), above: 10, window: 10 * MINUTE }],
    },
    {
      ...{ id: 'refresh-failed', heading: 'Refreshes fail', severity: 'ERROR' },
      says: 'More than 20 bearers were not renewed in 10 minutes.',
      conditions: [{ kind: 'count', filter: of('refresh_failed'), above: 20, window: 10 * MINUTE }],
    },
    {
      ...{ id: 'address-unknown', heading: 'Client addresses are not known', severity: 'ERROR' },
      says: 'A request was refused because the address of its client could not be told.',
      conditions: [
        {
          kind: 'count',
          filter: of('access_denied', oneOf('reason', ['xff_unparseable', 'client_ip_unknown'])),
          ...{ above: 0, window: 5 * MINUTE },
        },
      ],
    },
    {
      ...{ id: 'admin-denied', heading: 'The admin API is refused', severity: 'WARNING' },
      says: 'More than 5 requests of the admin API were refused in 10 minutes.',
      conditions: [{ kind: 'count', filter: of('admin_denied'), above: 5, window: 10 * MINUTE }],
    },
    {
      ...{ id: 'booted', heading: 'Processes start again and again', severity: 'CRITICAL' },
      says: 'More than 10 processes started in 10 minutes.',
      conditions: [{ kind: 'count', filter: of('booted'), above: 10, window: 10 * MINUTE }],
    },
  ]
}

function inferenceAlerts({ metricType }: AlertFacts): Alert[] {
  const all = logged(metricType('inference'), 'cloud_run_revision')
  const failed = `${all} AND metric.labels.status=monitoring.regex.full_match("5[0-9][0-9]")`
  const limited = `${all} AND metric.labels.status="429"`
  const durations = logged(metricType('inference_ms'), 'cloud_run_revision')
  const window = 10 * MINUTE
  // A share alone would cry over the one failed request of a quiet night.
  const several = (filter: string) => ({ kind: 'count', filter, above: 4, window }) as const
  return [
    {
      ...{ id: 'inference-failed', heading: 'Inference fails', severity: 'CRITICAL' },
      says: 'More than 5 % of the requests for inference ended with a 5xx in 10 minutes.',
      conditions: [{ kind: 'share', filter: failed, of: all, above: 0.05, window }, several(failed)],
    },
    {
      ...{ id: 'inference-limited', heading: 'Inference is rate limited', severity: 'WARNING' },
      says: 'More than 20 % of the requests for inference ended with a 429 in 10 minutes.',
      conditions: [{ kind: 'share', filter: limited, of: all, above: 0.2, window }, several(limited)],
    },
    {
      ...{ id: 'inference-slow', heading: 'Inference is slow', severity: 'WARNING' },
      says: 'One request for inference in twenty took longer than 5 minutes.',
      conditions: [{ kind: 'percentile-95', filter: durations, above: 300_000, window: 15 * MINUTE }],
    },
  ]
}

function doctorAlerts({ metricType }: AlertFacts): Alert[] {
  const failed = logged(metricType('doctor_failed'), 'cloud_run_job')
  const passed = logged(metricType('doctor_ok'), 'cloud_run_job')
  return [
    {
      ...{ id: 'doctor-failed', heading: 'A check of the doctor fails', severity: 'ERROR' },
      says: 'The doctor found something that does not work.',
      conditions: [{ kind: 'count', filter: failed, above: 0, window: 15 * MINUTE }],
    },
    {
      ...{ id: 'doctor-silent', heading: 'The doctor is silent', severity: 'ERROR' },
      says: 'No check of the doctor passed for 45 minutes: it does not run, or nothing works.',
      conditions: [{ kind: 'silence', filter: passed, window: 45 * MINUTE }],
    },
  ]
}

function platformAlerts({ service, minInstances, maxInstances, database }: AlertFacts): Alert[] {
  const ours = `resource.type="cloud_run_revision" AND resource.labels.service_name="${service}"`
  const requests = `metric.type="run.googleapis.com/request_count" AND ${ours}`
  const failed = `${requests} AND metric.labels.response_code_class="5xx"`
  const instances = `metric.type="run.googleapis.com/container/instance_count" AND ${ours}`
  const sql = `resource.type="cloudsql_database" AND resource.labels.database_id="${database.id}"`
  const connections = `metric.type="cloudsql.googleapis.com/database/postgresql/num_backends" AND ${sql}`
  const disk = `metric.type="cloudsql.googleapis.com/database/disk/utilization" AND ${sql}`
  const window = 10 * MINUTE
  const alerts: Alert[] = [
    {
      ...{ id: 'service-failed', heading: 'The service answers with errors', severity: 'CRITICAL' },
      says: 'More than 5 % of all answers were a 5xx in 10 minutes, platform included.',
      conditions: [
        { kind: 'share', filter: failed, of: requests, above: 0.05, window },
        { kind: 'count', filter: failed, above: 4, window },
      ],
    },
    {
      ...{ id: 'database-connections', heading: 'The database runs out of connections', severity: 'ERROR' },
      says: 'More than 80 % of the connections that the database accepts were open for 10 minutes.',
      conditions: [
        { kind: 'level', filter: connections, above: Math.floor(0.8 * database.connectionLimit), window },
      ],
    },
    {
      ...{ id: 'database-disk', heading: 'The disk of the database fills up', severity: 'ERROR' },
      says: 'More than 80 % of the database’s disk was in use for 10 minutes.',
      conditions: [{ kind: 'level', filter: disk, above: 0.8, window }],
    },
  ]
  // With a fixed number of instances, the largest number is the usual one.
  if (maxInstances > minInstances) {
    alerts.push({
      ...{ id: 'instances-at-max', heading: 'All instances are in use', severity: 'WARNING' },
      says: `All ${maxInstances} instances ran for 10 minutes.`,
      conditions: [{ kind: 'level', filter: instances, above: maxInstances - 1, window }],
    })
  }
  return alerts
}

function logged(type: string, resource: string, labels = ''): string {
  return [`metric.type="${type}"`, `resource.type="${resource}"`, ...(labels === '' ? [] : [labels])].join(
    ' AND ',
  )
}

function oneOf(label: string, values: readonly string[]): string {
  return `metric.labels.${label}=one_of(${values.map(value => `"${value}"`).join(', ')})`
}
