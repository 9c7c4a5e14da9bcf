// From settings to what constructs ask for: nothing here makes a resource.
import type { Feature } from './apis.ts'
import type { Connectivity } from './database.ts'
import type { Network, NetworkPlace, NetworkProps } from './network.ts'
import type { Project } from './project.ts'
import type { SecretsProps } from './secrets.ts'
import type { Traffic } from './service.ts'
import type { Settings } from './settings.ts'

/** What goes with every resource: where it is, the prefix of its name, its labels. */
export function placeOf({ project, region, name, labels }: Settings) {
  return { project, region, name, labels }
}

/** The parts of Google that only some environments use. */
export function featuresOf(settings: Settings): Feature[] {
  const { database, frontend, directory, secrets, build, budget } = settings
  const isUsed: Record<Feature, boolean> = {
    'private-services': database.connectivity === 'psa',
    'regional-endpoints': vertexEndpointOf(settings) !== undefined,
    'private-ca': frontend.topology === 'load-balancer' && frontend.certificate.kind === 'private-ca',
    groups: directory.mode !== 'none',
    rotation: secrets.rotationDays !== undefined,
    build: build.enabled,
    attestation: build.binaryAuthorization !== 'off',
    budget: budget !== undefined,
  }
  return (Object.keys(isUsed) as Feature[]).filter(feature => isUsed[feature]) // the keys of a record of all features
}

/** Vertex AI of two continents has hosts of its own (G-28). */
export function vertexEndpointOf({ vertex }: Settings): 'us' | 'eu' | undefined {
  return vertex.enabled ? (['us', 'eu'] as const).find(location => location === vertex.location) : undefined
}

export function networkOf({
  network,
  frontend,
}: Settings): Pick<NetworkProps, 'place' | 'googleApisAddress' | 'proxyOnlyCidr' | 'natAddresses'> {
  const hasProxySubnet = frontend.topology === 'load-balancer' && network.createProxyOnlySubnet
  return {
    ...{ place: networkPlaceOf(network), googleApisAddress: network.googleApisAddress },
    ...(hasProxySubnet && { proxyOnlyCidr: network.proxyOnlyCidr }),
    natAddresses: network.egress === 'ALL_TRAFFIC' ? network.natAddresses : 0,
  }
}

function networkPlaceOf({ mode, egressCidr, endpointsCidr, ...ids }: Settings['network']): NetworkPlace {
  const { network, egressSubnet, endpointsSubnet } = ids
  if (mode === 'create') return { mode, egressCidr, endpointsCidr }
  if (!network || !egressSubnet || !endpointsSubnet)
    throw new Error('the settings let an unnamed network pass')
  return { mode, network, egressSubnet, endpointsSubnet }
}

export function connectivityOf({ database }: Settings, { endpointsSubnetId }: Network): Connectivity {
  if (database.connectivity === 'psa') return { kind: 'psa' }
  return { kind: 'psc', subnetwork: endpointsSubnetId, address: database.endpointAddress }
}

export function secretsOf(
  { secrets, projectNumber, deletionProtection }: Settings,
  project: Project,
): Omit<
  SecretsProps,
  'project' | 'name' | 'config' | 'databaseBootstrap' | 'databasePassword' | 'runtime' | 'bootstrap'
> {
  const { jwt, extra, oidcClientSecret, replication, rotationDays: days } = secrets
  return {
    ...{
      jwtGenerations: jwt.generations,
      extra,
      oidcClientSecretVersion: oidcClientSecret.version,
      replication,
    },
    ...{ projectNumber, deletionProtection },
    rotation: days === undefined ? undefined : { days, pubsub: project.enabled('pubsub') },
    secretmanager: project.enabled('secretmanager'),
  }
}

export function trafficOf({ service }: Settings): Traffic {
  const { canary, pinnedRevision } = service
  if (pinnedRevision !== undefined) return { kind: 'pinned', revision: pinnedRevision }
  return canary === undefined ? { kind: 'latest' } : { kind: 'canary', ...canary }
}

/** Of a Shared VPC, the subnet that the host project's owner has to open. */
export function sharedSubnetOf({ network, project }: Settings): string | undefined {
  const { egressSubnet } = network
  return egressSubnet !== undefined && egressSubnet.split('/')[1] !== project ? egressSubnet : undefined
}
