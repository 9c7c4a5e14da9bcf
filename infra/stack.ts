/** Everything an environment is made of, in order of dependency: the page to read first. */
import { GcsBackend, TerraformElement, TerraformStack } from 'cdktf'
import type { Construct, Node } from 'constructs'
import { type Connectivity, Database } from './database.ts'
import { Directory } from './directory.ts'
import { ephemeralPassword } from './ephemeral-password.ts'
import { renderGatewayConfig } from './gateway-config.ts'
import { judgeGatewayConfig } from './gateway-judge.ts'
import { GoogleProvider } from './google.ts'
import { Network, type NetworkPlace } from './network.ts'
import { addOutputs } from './outputs.ts'
import { ownedConfig } from './owned-config.ts'
import { type Feature, Project } from './project.ts'
import { Secrets } from './secrets.ts'
import type { Settings } from './settings.ts'

/** The organisation's own gateway.yaml. */
export interface OrganisationFile {
  readonly name: string
  readonly text: string
}

/**
 * One environment. A phase only adds to the one before it (G-59): `foundation` is all that needs no image,
 * `database` the jobs and the IAM user, `complete` the service and what is in front of it.
 *
 * @throws {GatewayConfigError} when the gateway would refuse to boot with what is rendered.
 */
export class GatehouseStack extends TerraformStack {
  /** What the gateway would warn of at its boot. */
  readonly warnings: readonly string[]
  readonly #ids = new Map<string, string>()

  constructor(scope: Construct, settings: Settings, organisation: OrganisationFile) {
    super(scope, settings.env)
    this.#terraform(settings)
    const { name, labels, deletionProtection, phase } = settings
    const place = { project: settings.project, region: settings.region, name, labels }

    const project = new Project(this, 'project', {
      ...{ ...place, features: featuresOf(settings) },
      vertexRole: settings.vertex.enabled ? settings.vertex.role : 'none',
    })
    const { runtimeAccount: runtime } = project
    const network = new Network(this, 'network', {
      ...{ ...place, ...networkOf(settings), compute: project.enabled('compute') },
    })
    const directory = directoryOf(this, settings, project)

    const { passwordGeneration, login } = settings.database
    const bootstrapPassword = ephemeralPassword(this, 'db_bootstrap', passwordGeneration)
    const password =
      login === 'password' ? ephemeralPassword(this, 'db_password', passwordGeneration) : undefined
    const database = new Database(this, 'database', {
      ...{ ...place, ...settings.database, network: network.networkId, deletionProtection, runtime },
      connectivity: connectivityOf(settings, project, network),
      login: password === undefined ? { kind: 'iam' } : { kind: 'password', password },
      bootstrap: { account: project.bootstrapAccount, password: bootstrapPassword },
      ...{ hasIamUser: phase !== 'foundation', sqladmin: project.enabled('sqladmin') },
    })

    const owned = ownedConfig(settings, { database, directoryEmail: project.emailOf('directory') })
    const config = renderGatewayConfig(organisation.name, organisation.text, owned)
    this.warnings = judgeGatewayConfig(organisation.name, config)
    const secrets = new Secrets(this, 'secrets', {
      ...{ ...place, projectNumber: settings.projectNumber, deletionProtection, config },
      ...{ jwtGenerations: settings.secrets.jwt.generations, extra: settings.secrets.extra },
      oidcClientSecretVersion: settings.secrets.oidcClientSecret.version,
      ...{ databaseBootstrap: bootstrapPassword, databasePassword: password },
      ...{ runtime, bootstrap: project.bootstrapAccount, secretmanager: project.enabled('secretmanager') },
      ...{ replication: settings.secrets.replication, rotation: rotationOf(settings, project) },
    })

    addOutputs(this, {
      ...{ ...place, projectNumber: settings.projectNumber, manualSecrets: secrets.manual },
      ...{ publicUrl: owned.publicUrl, issuer: settings.oidc.issuer, directorySetup: directory?.setup },
      ...{ sharedSubnet: sharedSubnetOf(settings), vertexLocation: owned.vertex?.location },
      isPrivateCa: settings.frontend.certificate.kind === 'private-ca',
    })
  }

  /** Such as `database_iam-user`: the construct's path, without the hash that cdktf appends. */
  protected override allocateLogicalId(element: TerraformElement | Node): string {
    const { scopes } = TerraformElement.isTerraformElement(element) ? element.node : (element as Node) // the other half of the union
    const path = scopes.slice(scopes.indexOf(this) + 1).map(({ node }) => node.id)
    const id = path.map(part => (path.length === 1 ? part : part.replaceAll(/[^A-Za-z0-9-]/g, '-'))).join('_')
    const taken = this.#ids.get(id) ?? path.join('/')
    if (taken !== path.join('/')) throw new Error(`${taken} and ${path.join('/')} would both be called ${id}`)
    this.#ids.set(id, taken)
    return id
  }

  #terraform({ project, region, stateBucket, statePrefix, googleProvider, budget }: Settings): void {
    new GcsBackend(this, { bucket: stateBucket, prefix: statePrefix })
    new GoogleProvider(this, 'google', {
      ...{ project, region },
      // The budgets API takes the project that its quota is counted on from a header.
      ...(budget && { billingProject: project, userProjectOverride: true }),
    })
    this.addOverride('terraform.required_version', '>= 1.11.0') // the first with write-only arguments
    this.addOverride('terraform.required_providers.google', {
      source: 'hashicorp/google',
      version: googleProvider,
    })
    this.addOverride('terraform.required_providers.random', { source: 'hashicorp/random', version: '~> 3.7' })
  }
}

/** The parts of Google that only some environments use. */
function featuresOf(settings: Settings): Feature[] {
  const { database, vertex, frontend, directory, secrets, build, budget } = settings
  const isUsed: Record<Feature, boolean> = {
    'private-services': database.connectivity === 'psa',
    'regional-endpoints': vertex.enabled && ['us', 'eu'].includes(vertex.location),
    'private-ca': frontend.topology === 'load-balancer' && frontend.certificate.kind === 'private-ca',
    groups: directory.mode !== 'none',
    rotation: secrets.rotationDays !== undefined,
    build: build.enabled,
    attestation: build.binaryAuthorization !== 'off',
    budget: budget !== undefined,
  }
  return (Object.keys(isUsed) as Feature[]).filter(feature => isUsed[feature]) // a record of all features
}

function networkOf({ network, frontend }: Settings) {
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

function directoryOf(stack: TerraformStack, settings: Settings, project: Project): Directory | undefined {
  const { mode, lookup } = settings.directory
  if (mode === 'none') return undefined
  return new Directory(stack, 'directory', {
    ...{ project: settings.project, name: settings.name, mode, lookup },
    ...{ runtime: project.runtimeAccount, iam: project.enabled('iam') },
  })
}

function connectivityOf({ database }: Settings, project: Project, network: Network): Connectivity {
  if (database.connectivity === 'psa') {
    return { kind: 'psa', servicenetworking: project.enabled('servicenetworking') }
  }
  const { endpointsSubnetId: subnetwork } = network
  return { kind: 'psc', subnetwork, address: database.endpointAddress, dns: project.enabled('dns') }
}

function rotationOf({ secrets }: Settings, project: Project) {
  const { rotationDays: days } = secrets
  return days === undefined ? undefined : { days, pubsub: project.enabled('pubsub') }
}

/** Of a Shared VPC, the subnet that the host project's owner has to open. */
function sharedSubnetOf({ network, project }: Settings): string | undefined {
  const { egressSubnet } = network
  return egressSubnet !== undefined && egressSubnet.split('/')[1] !== project ? egressSubnet : undefined
}
