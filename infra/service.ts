import type { ITerraformDependable } from 'cdktf'
import { Construct } from 'constructs'
import {
  binaryAuthorization,
  type ContainerProps,
  environment,
  volumeMounts,
  volumes,
  vpcAccess,
} from './container.ts'
import { CloudRunV2Service, CloudRunV2ServiceIamMember } from './google.ts'

/** Who answers. Terraform alone owns it (G-60). */
export type Traffic =
  | { readonly kind: 'latest' }
  /** The newest revision gets `percent`, and the tag `canary`; the stable one gets the rest. */
  | { readonly kind: 'canary'; readonly percent: number; readonly stableRevision: string }
  /** One revision, whatever was deployed since: what a rollback leaves behind (G-61). */
  | { readonly kind: 'pinned'; readonly revision: string }

export interface ServiceProps extends ContainerProps {
  readonly name: string
  /** At least 1: discovery, pools and timers live between requests. */
  readonly minInstances: number
  readonly maxInstances: number
  /** Requests at once per instance, at most 256: the gateway's own limit of upstream calls. */
  readonly concurrency: number
  /** How the platform's own check is opened; clients carry no Google token (G-37). Default `disabled`. */
  readonly invoker?: 'disabled' | 'all-users'
  /** Default `latest`. */
  readonly traffic?: Traffic
  /** Default true. */
  readonly deletionProtection?: boolean
  /** What must be there first and is not referred to: the grants on the mounted secrets. */
  readonly after?: readonly ITerraformDependable[]
}

/**
 * The gateway on Cloud Run: reached from inside the network only, always on, its configuration and secrets
 * as files of pinned versions (G-19, G-29, table 8.8).
 */
export class Service extends Construct {
  /** The service's name, which comes into being with it. */
  readonly serviceName: string
  /** The address that Google chose, of the form `https://….run.app`. */
  readonly uri: string

  constructor(scope: Construct, id: string, props: ServiceProps) {
    super(scope, id)
    const { invoker = 'disabled', deletionProtection = true, traffic = { kind: 'latest' } } = props

    const service = new CloudRunV2Service(this, 'service', {
      ...{ project: props.project, location: props.region, name: props.name, labels: { ...props.labels } },
      ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
      invokerIamDisabled: invoker === 'disabled',
      deletionProtection,
      template: revisionOf(props),
      traffic: trafficBlocks(traffic),
      ...binaryAuthorization(props),
      ...(props.after && { dependsOn: [...props.after] }),
    })
    if (invoker === 'all-users') {
      // Everybody who can reach it, which is the network; the gateway asks for its own bearer (G-8, G-37).
      new CloudRunV2ServiceIamMember(this, 'invoker', {
        ...{ project: props.project, location: props.region, name: service.name },
        ...{ role: 'roles/run.invoker', member: 'allUsers' },
      })
    }

    this.serviceName = service.name
    this.uri = service.uri
  }
}

// No readiness probe: when the database is down, every replica would leave at once although
// signed-in developers can be served (G-38). No session affinity: the state is in the database.
function revisionOf(props: ServiceProps) {
  return {
    serviceAccount: props.serviceAccount,
    timeout: '3600s', // the default cuts streams at five minutes
    maxInstanceRequestConcurrency: props.concurrency,
    scaling: { minInstanceCount: props.minInstances, maxInstanceCount: props.maxInstances },
    vpcAccess: vpcAccess(props),
    volumes: volumes(props),
    containers: [
      {
        image: props.image,
        ports: { name: 'http1', containerPort: PORT },
        resources: {
          limits: { cpu: props.cpu, memory: props.memory },
          cpuIdle: false,
          startupCpuBoost: true,
        },
        env: environment(props),
        volumeMounts: volumeMounts(props),
        // The listener opens after configuration, discovery and migrations: it answers when all is there.
        startupProbe: { httpGet: HEALTH, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 30 },
        livenessProbe: { httpGet: HEALTH, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
      },
    ],
  }
}

const PORT = 8080
const HEALTH = { path: '/healthz', port: PORT }

// Written in full also for `latest`: without a block the API keeps the shares it has.
function trafficBlocks(traffic: Traffic) {
  const latest = { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' }
  const revision = { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' }
  switch (traffic.kind) {
    case 'latest':
      return [{ ...latest, percent: 100 }]
    case 'pinned':
      return [{ ...revision, revision: traffic.revision, percent: 100 }]
    case 'canary':
      return [
        { ...revision, revision: traffic.stableRevision, percent: 100 - traffic.percent },
        { ...latest, percent: traffic.percent, tag: 'canary' },
      ]
  }
}
