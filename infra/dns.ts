import { Construct } from 'constructs'
import { DnsManagedZone, DnsPolicy, DnsRecordSet, NetworkConnectivityRegionalEndpoint } from './google.ts'

export interface DnsProps {
  readonly project: string
  readonly region: string
  /** Prefix of all names. */
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  /** Id of the network that asks. */
  readonly network: string
  /** The name in the gateway's public URL. */
  readonly host: string
  /** Where the host is; absent when it is one of Google's `run.app` names, which have a zone of their own. */
  readonly hostAddress?: string
  /** Address of the endpoint for Google's APIs. */
  readonly googleApisAddress: string
  /** Give resolvers outside the network an address inside; a network takes one such policy. */
  readonly inboundResolver: boolean
  /** For Vertex AI in `us` or `eu`: these hosts need an endpoint of their own, in the given subnet (G-28). */
  readonly vertexEndpoint?: { readonly location: 'us' | 'eu'; readonly subnetwork: string }
}

/** The private names: the gateway's host, Google's APIs and `run.app`, and who outside may ask for them. */
export class Dns extends Construct {
  /** For the operator: which name to forward, and how to find the addresses to forward it to. */
  readonly resolverInstructions: string

  readonly #props: DnsProps

  constructor(scope: Construct, id: string, props: DnsProps) {
    super(scope, id)
    this.#props = props

    // Named exactly the host: a company's whole zone would hide all of its other names (G-24).
    // No AAAA, because a client refuses a host with one public address.
    if (props.hostAddress !== undefined) {
      const zone = this.#zone('host', `${props.host}.`)
      this.#record('host-address', { zone, name: zone.dnsName, type: 'A', data: props.hostAddress })
    }
    // Never accounts.google.com: people sign in there, and the endpoint does not serve it (G-26).
    // The second takes all names of run.app in this network; canaries are reached by it, too.
    this.#apiZone('googleapis', 'googleapis.com.')
    this.#apiZone('run-app', 'run.app.')
    if (props.vertexEndpoint) this.#vertexZone(props.vertexEndpoint)
    if (props.inboundResolver) {
      new DnsPolicy(this, 'inbound', {
        ...{ project: props.project, name: `${props.name}-inbound` },
        enableInboundForwarding: true,
        networks: [{ networkUrl: props.network }],
      })
    }

    this.resolverInstructions = instructions(props)
  }

  #apiZone(id: string, dnsName: string): void {
    const zone = this.#zone(id, dnsName)
    const { googleApisAddress } = this.#props
    this.#record(`${id}-apex`, { zone, name: zone.dnsName, type: 'A', data: googleApisAddress })
    this.#record(`${id}-names`, { zone, name: `*.${zone.dnsName}`, type: 'CNAME', data: zone.dnsName })
  }

  // `googleapis.com.` would catch this name, and its endpoint does not serve it.
  #vertexZone({ location, subnetwork }: { location: 'us' | 'eu'; subnetwork: string }): void {
    const { project, region, name, network } = this.#props
    const host = `aiplatform.${location}.rep.googleapis.com`
    const endpoint = new NetworkConnectivityRegionalEndpoint(this, 'vertex-endpoint', {
      ...{ project, location: region, name: `${name}-vertex`, targetGoogleApi: host },
      ...{ accessType: 'REGIONAL', network, subnetwork },
    })
    const zone = this.#zone('vertex', `${host}.`)
    this.#record('vertex-address', { zone, name: zone.dnsName, type: 'A', data: endpoint.address })
  }

  #zone(id: string, dnsName: string): DnsManagedZone {
    const { project, name, labels, network } = this.#props
    return new DnsManagedZone(this, id, {
      ...{ project, name: `${name}-${id}`, labels: { ...labels }, dnsName },
      description: `${dnsName} as the gateway's network sees it`,
      visibility: 'private',
      privateVisibilityConfig: { networks: [{ networkUrl: network }] },
    })
  }

  #record(id: string, { zone, name, type, data }: ZoneRecord): void {
    new DnsRecordSet(this, id, {
      ...{ project: this.#props.project, managedZone: zone.name, name, type, ttl: 60, rrdatas: [data] },
    })
  }
}

interface ZoneRecord {
  readonly zone: DnsManagedZone
  readonly name: string
  readonly type: 'A' | 'CNAME'
  readonly data: string
}

// The host alone is forwarded: with all of run.app, a company would lose every other service there.
function instructions({ project, host, inboundResolver }: DnsProps): string {
  const how = inboundResolver
    ? `List the resolver's addresses: gcloud compute addresses list --project=${project} --filter='purpose="DNS_RESOLVER"' --format='value(address,region,subnetwork)'`
    : 'Use the inbound resolver that the network has'
  return `${how}. Then forward ${host}. to them in the company's DNS, and resolve it from a laptop.`
}
