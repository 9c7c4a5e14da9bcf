import type { ITerraformDependable } from 'cdktf'
import { Construct } from 'constructs'
import {
  ComputeAddress,
  ComputeGlobalAddress,
  ComputeGlobalForwardingRule,
  ComputeNetwork,
  ComputeRouter,
  ComputeRouterNat,
  ComputeSubnetwork,
} from './google.ts'

/** The network that the stack makes, or the ids of one that is there. */
export type NetworkPlace =
  | { readonly mode: 'create'; readonly egressCidr: string; readonly endpointsCidr: string }
  | {
      readonly mode: 'existing'
      /** `projects/…/global/networks/…`; a Shared VPC is one of another project. */
      readonly network: string
      readonly egressSubnet: string
      readonly endpointsSubnet: string
    }

export interface NetworkProps {
  readonly project: string
  readonly region: string
  /** Prefix of all names. */
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly place: NetworkPlace
  /** The range of the subnet for the load balancer's proxies. Default none: the region has one, or needs none. */
  readonly proxyOnlyCidr?: string
  /** The address inside the network at which Google's APIs answer; outside every subnet. */
  readonly googleApisAddress: string
  /** How many fixed addresses the internet sees. Default 0: no NAT, what is public is reached directly. */
  readonly natAddresses?: number
}

/** The private network: a subnet that Cloud Run sends from, one for endpoints, and Google's APIs at an address inside. */
export class Network extends Construct {
  readonly networkId: string
  /** Holds nothing but Cloud Run, whose addresses outlive the service by hours (G-16). */
  readonly egressSubnetId: string
  /** Where the addresses of the front door and of the database are taken from. */
  readonly endpointsSubnetId: string
  /** Nothing refers to it, so the forwarding rule of the load balancer names it. Absent when it is not ours. */
  readonly proxyOnlySubnet: ITerraformDependable | undefined
  /** Where Google's APIs answer. */
  readonly apiAddress: string
  /** What must be there before anybody sends: nothing refers to the NAT. */
  readonly ready: readonly ITerraformDependable[]
  readonly #props: NetworkProps

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id)
    this.#props = props
    const { place, proxyOnlyCidr, natAddresses = 0 } = props

    if (place.mode === 'existing') {
      this.networkId = place.network
      this.egressSubnetId = place.egressSubnet
      this.endpointsSubnetId = place.endpointsSubnet
    } else {
      const network = new ComputeNetwork(this, 'vpc', {
        ...{ project: props.project, name: props.name, routingMode: 'GLOBAL' },
        autoCreateSubnetworks: false,
      })
      this.networkId = network.id
      this.egressSubnetId = this.#subnet('egress', place.egressCidr)
      this.endpointsSubnetId = this.#subnet('endpoints', place.endpointsCidr)
    }
    this.proxyOnlySubnet = proxyOnlyCidr === undefined ? undefined : this.#proxyOnly(proxyOnlyCidr)
    this.apiAddress = this.#googleApis()
    this.ready = natAddresses > 0 ? [this.#nat(natAddresses)] : []
  }

  #subnet(id: string, range: string): string {
    return new ComputeSubnetwork(this, id, {
      ...{ ...this.#regional(), name: `${this.#props.name}-${id}`, network: this.networkId },
      ...{ ipCidrRange: range, privateIpGoogleAccess: true },
    }).id
  }

  #proxyOnly(range: string): ComputeSubnetwork {
    // No privateIpGoogleAccess: Google refuses it for this purpose.
    return new ComputeSubnetwork(this, 'proxy-only', {
      ...{ ...this.#regional(), name: `${this.#props.name}-proxy-only`, network: this.networkId },
      ...{ ipCidrRange: range, purpose: 'REGIONAL_MANAGED_PROXY', role: 'ACTIVE' },
    })
  }

  /** Private Service Connect to all APIs. `vpc-sc` would leave out the Workspace APIs, so the group lookup (G-25). */
  #googleApis(): string {
    const { name, googleApisAddress, labels } = this.#props
    const project = this.#owner()
    const address = new ComputeGlobalAddress(this, 'google-apis', {
      ...{ project, name: `${name}-google-apis`, network: this.networkId },
      ...{ purpose: 'PRIVATE_SERVICE_CONNECT', addressType: 'INTERNAL', address: googleApisAddress },
    })
    new ComputeGlobalForwardingRule(this, 'google-apis-rule', {
      // 1 to 20 letters and digits: Google refuses a hyphen here.
      ...{ project, name: `${name.replaceAll('-', '')}apis`, labels: { ...labels } },
      ...{ target: 'all-apis', network: this.networkId, ipAddress: address.id, loadBalancingScheme: '' },
    })
    return googleApisAddress
  }

  #nat(count: number): ComputeRouterNat {
    const { name, labels } = this.#props
    const addresses = Array.from({ length: count }, (_, index) => {
      const id = `nat-${index + 1}`
      return new ComputeAddress(this, id, {
        ...{ ...this.#regional(), name: `${name}-${id}`, labels: { ...labels }, addressType: 'EXTERNAL' },
      })
    })
    const router = new ComputeRouter(this, 'router', {
      ...{ ...this.#regional(), name, network: this.networkId },
    })
    return new ComputeRouterNat(this, 'nat', {
      ...{ ...this.#regional(), name, router: router.name },
      ...{ natIpAllocateOption: 'MANUAL_ONLY', natIps: addresses.map(address => address.selfLink) },
      sourceSubnetworkIpRangesToNat: 'LIST_OF_SUBNETWORKS',
      subnetwork: [{ name: this.egressSubnetId, sourceIpRangesToNat: ['ALL_IP_RANGES'] }],
      logConfig: { enable: true, filter: 'ERRORS_ONLY' },
    })
  }

  #regional(): { project: string; region: string } {
    return { project: this.#owner(), region: this.#props.region }
  }

  /** Whose the network is: of a Shared VPC, the host project. */
  #owner(): string {
    const { project, place } = this.#props
    return place.mode === 'existing' ? (place.network.split('/')[1] ?? project) : project
  }
}
