import type { ITerraformDependable } from 'cdktf'
import { Construct } from 'constructs'
import {
  ComputeAddress,
  ComputeForwardingRule,
  ComputeRegionBackendService,
  ComputeRegionNetworkEndpointGroup,
  ComputeRegionSslPolicy,
  ComputeRegionTargetHttpsProxy,
  ComputeRegionUrlMap,
} from './google.ts'

export interface LoadBalancerProps {
  readonly project: string
  readonly region: string
  /** Prefix of all names. */
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  /** Ids of the network, and of the subnet that the address is taken from. */
  readonly network: string
  readonly subnetwork: string
  /** The subnet that the proxies live in. Nothing refers to it, so it is named here; absent when the VPC has one. */
  readonly proxyOnlySubnet?: ITerraformDependable
  /** Name of the Cloud Run service. */
  readonly service: string
  readonly certificateId: string
  /** Id of a regional Cloud Armor policy. Default none. */
  readonly securityPolicy?: string
}

/** The front door with a name of one's own: an address inside the network that speaks TLS to laptops (G-20). */
export class LoadBalancer extends Construct {
  /** The address that the host's only record names. */
  readonly address: string
  /** Name of the backend service, by which its metrics are told apart. */
  readonly backendName: string

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id)
    const { network, subnetwork } = props
    const place = { project: props.project, region: props.region, name: `${props.name}-front` }

    const address = new ComputeAddress(this, 'address', {
      ...{ ...place, labels: { ...props.labels }, subnetwork },
      ...{ addressType: 'INTERNAL', purpose: 'GCE_ENDPOINT' },
    })
    const backend = this.#backend(place, props)
    const urls = new ComputeRegionUrlMap(this, 'urls', { ...place, defaultService: backend.id })
    const tls = new ComputeRegionSslPolicy(this, 'tls', {
      ...{ ...place, minTlsVersion: 'TLS_1_2', profile: 'MODERN' },
    })
    const proxy = new ComputeRegionTargetHttpsProxy(this, 'proxy', {
      ...{ ...place, urlMap: urls.id, sslPolicy: tls.id },
      certificateManagerCertificates: [props.certificateId],
    })
    // Port 443 alone: clients follow no redirect when they ask for a token (G-22).
    new ComputeForwardingRule(this, 'rule', {
      ...{ ...place, labels: { ...props.labels }, network, subnetwork },
      ...{ loadBalancingScheme: 'INTERNAL_MANAGED', ipProtocol: 'TCP', portRange: '443' },
      ...{ ipAddress: address.address, target: proxy.id, allowGlobalAccess: true },
      ...(props.proxyOnlySubnet && { dependsOn: [props.proxyOnlySubnet] }),
    })

    this.address = address.address
    this.backendName = backend.name
  }

  // A serverless group refuses timeouts, health checks, port names, affinity and rates (G-21):
  // the one hour per request is its own.
  #backend(
    place: { project: string; region: string; name: string },
    props: LoadBalancerProps,
  ): ComputeRegionBackendService {
    const group = new ComputeRegionNetworkEndpointGroup(this, 'group', {
      ...{ ...place, networkEndpointType: 'SERVERLESS' },
      cloudRun: { service: props.service },
    })
    return new ComputeRegionBackendService(this, 'backend', {
      ...{ ...place, loadBalancingScheme: 'INTERNAL_MANAGED', protocol: 'HTTPS' },
      backend: [{ group: group.id, balancingMode: 'UTILIZATION', capacityScaler: 1 }],
      logConfig: { enable: true, sampleRate: 1 },
      ...(props.securityPolicy !== undefined && { securityPolicy: props.securityPolicy }),
    })
  }
}
