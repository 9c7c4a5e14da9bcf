import { readFileSync } from 'node:fs'
import { Construct } from 'constructs'
import { AlertPolicy } from './alert-policy.ts'
import { alertsOf } from './alerts.ts'
import { AUDIT_METRICS, type AuditMetric, labelExtractor, logFilter, type Writers } from './audit-metrics.ts'
import { LoggingMetric, MonitoringDashboard, MonitoringNotificationChannel } from './google.ts'

export interface MonitoringProps {
  readonly project: string
  readonly region: string
  /** Prefix of all names. */
  readonly name: string
  /** Name of the Cloud Run service. */
  readonly service: string
  /** Name of the doctor's job. */
  readonly doctorJob: string
  readonly minInstances: number
  readonly maxInstances: number
  /** `<project>:<instance>` of Cloud SQL, and how many connections it accepts. */
  readonly database: { readonly id: string; readonly connectionLimit: number }
  /** Who is told. Without one, incidents are seen in the console only. */
  readonly emails: readonly string[]
}

/** What the audit log counts, who is told when it is too much, and one page that shows it (G-53 to G-56). */
export class Monitoring extends Construct {
  /** Ids of the notification channels, one for each address. */
  readonly channels: readonly string[]

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id)
    const { project, name } = props

    const writers: Writers = props
    const types = new Map(AUDIT_METRICS.map(metric => [metric.name, this.#metric(metric, props, writers)]))
    this.channels = props.emails.map(email => {
      const channel = new MonitoringNotificationChannel(this, `mail-${email}`, {
        ...{ project, displayName: `${name}: ${email}`, type: 'email' },
        labels: { email_address: email },
      })
      return channel.id
    })
    for (const alert of alertsOf({ ...props, metricType: metric => typeOf(types, metric) })) {
      new AlertPolicy(this, `alert-${alert.id}`, { project, name, channels: this.channels, alert })
    }
    new MonitoringDashboard(this, 'dashboard', {
      project,
      dashboardJson: dashboard({
        '{name}': name,
        '{service}': props.service,
        '{database}': props.database.id,
      }),
    })
  }

  /** Answers the metric's type, which refers to it: an alert needs the metric to be there. */
  #metric(metric: AuditMetric, { project, name }: MonitoringProps, writers: Writers): string {
    const { distributionOf, labels } = metric
    const created = new LoggingMetric(this, `metric-${metric.name}`, {
      ...{ project, name: `${name}/${metric.name}`, description: metric.description },
      filter: logFilter(metric, writers),
      metricDescriptor: {
        metricKind: 'DELTA',
        valueType: distributionOf ? 'DISTRIBUTION' : 'INT64',
        unit: distributionOf?.unit ?? '1',
        labels: Object.entries(labels).map(([key, { description }]) => ({
          ...{ key, description, valueType: 'STRING' },
        })),
      },
      labelExtractors: Object.fromEntries(
        Object.entries(labels).map(([key, label]) => [key, labelExtractor(label)]),
      ),
      ...(distributionOf && {
        valueExtractor: `EXTRACT(jsonPayload.${distributionOf.field})`,
        // From 10 ms to 87 minutes, each bound twice the one before: a request may take an hour.
        bucketOptions: { exponentialBuckets: { numFiniteBuckets: 19, growthFactor: 2, scale: 10 } },
      }),
    })
    return `logging.googleapis.com/user/${created.name}`
  }
}

function typeOf(types: ReadonlyMap<string, string>, metric: string): string {
  const type = types.get(metric)
  if (type === undefined) throw new Error(`no metric of the audit log is called ${metric}`)
  return type
}

/** The page of `dashboard.json`, with what differs between stacks filled in. */
function dashboard(values: Readonly<Record<string, string>>): string {
  const page: unknown = JSON.parse(readFileSync(new URL('dashboard.json', import.meta.url), 'utf8'))
  let text = JSON.stringify(page)
  for (const [placeholder, value] of Object.entries(values)) text = text.replaceAll(placeholder, value)
  return text
}
