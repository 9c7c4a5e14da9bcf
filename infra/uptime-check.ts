import { Construct } from 'constructs'
import { AlertPolicy } from './alert-policy.ts'
import { MonitoringUptimeCheckConfig } from './google.ts'

export interface UptimeCheckProps {
  readonly project: string
  /** Prefix of displayed names. */
  readonly name: string
  /** The host that the balancer has a certificate for. */
  readonly host: string
  /** An existing one: `projects/<project>/locations/<region>/namespaces/<name>/services/<name>`. */
  readonly uptimeService: string
  /** Ids of notification channels. */
  readonly channels: readonly string[]
}

/**
 * Asks from inside the network whether the gateway is ready, once a minute. It needs a Service Directory service,
 * which the pinned bindings cannot make (G-57). The path is `/ready`: Google's front end keeps those in `z`.
 */
export class UptimeCheck extends Construct {
  constructor(scope: Construct, id: string, props: UptimeCheckProps) {
    super(scope, id)
    const { project, name, channels } = props

    const check = new MonitoringUptimeCheckConfig(this, 'check', {
      ...{
        project,
        displayName: `${name}: ready`,
        checkerType: 'VPC_CHECKERS',
        period: '60s',
        timeout: '10s',
      },
      httpCheck: { path: '/ready', port: 443, useSsl: true, headers: { Host: props.host } },
      monitoredResource: { type: 'servicedirectory_service', labels: labelsOf(props.uptimeService) },
    })
    new AlertPolicy(this, 'alert', {
      ...{ project, name, channels },
      alert: {
        ...{ id: 'not-ready', heading: 'The gateway is not ready', severity: 'CRITICAL' },
        says: 'The gateway was not ready for 5 minutes, asked from inside the network.',
        conditions: [
          {
            kind: 'failing-check',
            filter: `metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND metric.labels.check_id="${check.uptimeCheckId}" AND resource.type="servicedirectory_service"`,
            window: 300,
          },
        ],
      },
    })
  }
}

function labelsOf(service: string): Record<string, string> {
  const [, project_id, location, namespace_name, service_name] =
    /^projects\/([^/]+)\/locations\/([^/]+)\/namespaces\/([^/]+)\/services\/([^/]+)$/.exec(service) ?? []
  if (!project_id || !location || !namespace_name || !service_name) {
    throw new Error(
      `${service} is not projects/<project>/locations/<region>/namespaces/<name>/services/<name>`,
    )
  }
  return { project_id, location, namespace_name, service_name }
}
