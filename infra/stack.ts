/** Everything an environment is made of, in order of dependency: the page to read first. */
import type { Construct } from 'constructs'
import { awaitApis } from './api-order.ts'
import { Armor } from './armor.ts'
import { AuditSink } from './audit-sink.ts'
import { BinaryAuthorization } from './binary-authorization.ts'
import { Budget } from './budget.ts'
import { Build } from './build.ts'
import { Certificate } from './certificate.ts'
import { environment } from './container.ts'
import { Database } from './database.ts'
import { DatabaseGrants } from './database-grants.ts'
import { Directory } from './directory.ts'
import { Dns } from './dns.ts'
import { Doctor } from './doctor.ts'
import { EnvironmentStack } from './environment-stack.ts'
import { ephemeralPassword, type Password } from './ephemeral-password.ts'
import { type OwnedConfig, renderGatewayConfig } from './gateway-config.ts'
import { judgeGatewayConfig } from './gateway-judge.ts'
import { LoadBalancer } from './load-balancer.ts'
import { Monitoring } from './monitoring.ts'
import { Network } from './network.ts'
import { addOutputs } from './outputs.ts'
import { ownedConfig } from './owned-config.ts'
import { Project } from './project.ts'
import { Registry } from './registry.ts'
import { Secrets } from './secrets.ts'
import { Service } from './service.ts'
import type { Settings } from './settings.ts'
import * as props from './stack-props.ts'
import { UptimeCheck } from './uptime-check.ts'

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
export class GatehouseStack extends EnvironmentStack {
  /** What the gateway would warn of at its boot. */
  readonly warnings: readonly string[]
  readonly #settings: Settings
  /** Goes with every resource: where it is, the prefix of its name, its labels. */
  readonly #place: Readonly<Record<'project' | 'region' | 'name', string>> & Pick<Settings, 'labels'>

  constructor(scope: Construct, settings: Settings, organisation: OrganisationFile) {
    super(scope, settings)
    this.#settings = settings
    const { project, region, name, labels, phase } = settings
    this.#place = { project, region, name, labels }

    const foundation = this.#foundation(organisation)
    const doctor = phase === 'foundation' ? null : this.#jobs(foundation)
    const names = phase === 'complete' && doctor !== null ? this.#front(foundation, doctor) : null

    this.warnings = foundation.warnings
    addOutputs(this, {
      ...{ ...this.#place, projectNumber: settings.projectNumber, issuer: settings.oidc.issuer },
      ...{ publicUrl: foundation.owned.publicUrl, manualSecrets: foundation.secrets.manual },
      ...{
        certificateRecord: foundation.certificate?.dnsRecord ?? null,
        directorySetup: foundation.directory?.setup,
      },
      ...{ resolverInstructions: names?.resolverInstructions, sharedSubnet: props.sharedSubnetOf(settings) },
      vertexLocation: foundation.owned.vertex?.location,
      isPrivateCa: foundation.certificate !== null && settings.frontend.certificate.kind === 'private-ca',
    })
  }

  /** All that needs no image. */
  #foundation(organisation: OrganisationFile): Foundation {
    const settings = this.#settings
    const project = new Project(this, 'project', {
      ...{ ...this.#place, features: props.featuresOf(settings) },
      vertexRole: settings.vertex.enabled ? settings.vertex.role : 'none',
    })
    const network = new Network(this, 'network', {
      ...{ ...this.#place, ...props.networkOf(settings), compute: project.enabled('compute') },
    })
    const directory = this.#directory(project)
    const certificate = this.#certificate(project)
    this.#pipeline(project)

    const passwords = this.#passwords()
    const database = this.#database({ project, network, passwords })
    const owned = ownedConfig(settings, { database, directoryEmail: project.emailOf('directory') })
    const config = renderGatewayConfig(organisation.name, organisation.text, owned)
    const secrets = new Secrets(this, 'secrets', {
      ...{
        ...this.#place,
        projectNumber: settings.projectNumber,
        config,
        ...props.secretsOf(settings, project),
      },
      ...{ databaseBootstrap: passwords.bootstrap, databasePassword: passwords.login },
      ...{ runtime: project.runtimeAccount, bootstrap: project.bootstrapAccount },
      deletionProtection: settings.deletionProtection,
    })
    const variables = Object.fromEntries(environment(this.#place).map(({ name, value }) => [name, value]))
    const warnings = judgeGatewayConfig({ file: organisation.name, text: config, variables })
    return { project, network, directory, certificate, database, owned, secrets, warnings }
  }

  /** What runs in the gateway's image, once or now and then. */
  #jobs({ project, network, database, secrets }: Foundation): Doctor {
    const grants = new DatabaseGrants(this, 'grants', {
      ...{
        ...this.#container(network),
        name: this.#settings.name,
        serviceAccount: project.bootstrapAccount.email,
      },
      ...{ instance: database.connectionName, ipType: database.ipType, database: database.databaseName },
      ...{ role: database.role, user: database.bootstrapUser, password: secrets.bootstrapMount },
      after: [...secrets.bootstrapGrants, ...database.ready, ...network.ready],
    })
    const doctor = new Doctor(this, 'doctor', {
      ...{
        ...this.#container(network),
        name: this.#settings.name,
        serviceAccount: project.runtimeAccount.email,
      },
      ...{ mounts: secrets.mounts, probeAccount: project.probeAccount.email },
      schedule: this.#settings.monitoring.doctorSchedule,
      after: [...secrets.grants, ...database.ready, ...network.ready],
    })
    awaitApis(grants, project.enabled('run'))
    awaitApis(doctor, project.enabled('run'), project.enabled('cloudscheduler'))
    return doctor
  }

  /** The service, its door and its names, and who watches it. */
  #front(foundation: Foundation, doctor: Doctor): Dns {
    const { project, network, database, secrets, owned } = foundation
    const { service: size, deletionProtection } = this.#settings
    const service = new Service(this, 'service', {
      ...{ ...this.#container(network), ...size, name: this.#settings.name, deletionProtection },
      ...{ serviceAccount: project.runtimeAccount.email, mounts: secrets.mounts },
      traffic: props.trafficOf(this.#settings),
      after: [...secrets.grants, ...database.ready, ...network.ready],
    })
    awaitApis(service, project.enabled('run'))

    const host = new URL(owned.publicUrl).hostname
    const hostAddress = this.#loadBalancer(foundation, service)?.address
    const vertex = props.vertexEndpointOf(this.#settings)
    const dns = new Dns(this, 'dns', {
      ...{ ...this.#place, network: network.networkId, googleApisAddress: network.apiAddress, host },
      ...{
        inboundResolver: this.#settings.network.inboundResolver,
        ...(hostAddress !== undefined && { hostAddress }),
      },
      ...(vertex && { vertexEndpoint: { location: vertex, subnetwork: network.endpointsSubnetId } }),
    })
    awaitApis(dns, project.enabled('dns'), ...(vertex ? [project.enabled('networkconnectivity')] : []))
    this.#watch(foundation, { service, doctor, host })
    return dns
  }

  #loadBalancer(
    { project, network, certificate }: Foundation,
    { serviceName }: Service,
  ): LoadBalancer | null {
    if (certificate === null) return null
    const { frontend } = this.#settings
    const armor = frontend.armor
      ? new Armor(this, 'armor', { ...this.#place, clientCidrs: frontend.clientCidrs })
      : undefined
    if (armor) awaitApis(armor, project.enabled('compute'))
    return new LoadBalancer(this, 'load-balancer', {
      ...{ ...this.#place, network: network.networkId, subnetwork: network.endpointsSubnetId },
      ...{ service: serviceName, certificateId: certificate.certificateId },
      ...(network.proxyOnlySubnet && { proxyOnlySubnet: network.proxyOnlySubnet }),
      ...(armor && { securityPolicy: armor.policyId }),
    })
  }

  #watch(
    { project, database }: Foundation,
    { service, doctor, host }: { service: Service; doctor: Doctor; host: string },
  ): void {
    const { monitoring: asked, service: size, budget, projectNumber, name } = this.#settings
    const monitoring = new Monitoring(this, 'monitoring', {
      ...{
        ...this.#place,
        ...size,
        service: service.serviceName,
        doctorJob: doctor.jobName,
        emails: asked.emails,
      },
      database: { id: database.metricsId, connectionLimit: this.#settings.database.connectionLimit },
    })
    awaitApis(monitoring, project.enabled('logging'), project.enabled('monitoring'))
    const { channels } = monitoring
    if (asked.auditDataset !== undefined) {
      const sink = { ...this.#place, service: service.serviceName, dataset: asked.auditDataset }
      awaitApis(new AuditSink(this, 'audit', sink), project.enabled('logging'))
    }
    if (asked.uptimeService !== undefined) {
      const check = { ...this.#place, host, uptimeService: asked.uptimeService, channels }
      awaitApis(new UptimeCheck(this, 'uptime', check), project.enabled('monitoring'))
    }
    if (budget !== undefined) {
      awaitApis(
        new Budget(this, 'budget', { ...budget, name, projectNumber, channels }),
        project.enabled('billingbudgets'),
      )
    }
  }

  /** What the service and its jobs share. */
  #container({ networkId: network, egressSubnetId: subnetwork }: Network) {
    const { image, service, network: asked, build, project, region, labels } = this.#settings
    if (image === undefined) throw new Error('the settings let a phase without an image pass')
    const { cpu, memory } = service
    const { egress } = asked
    const binaryAuthorization = build.binaryAuthorization !== 'off'
    return { project, region, labels, image, network, subnetwork, egress, cpu, memory, binaryAuthorization }
  }

  #directory(project: Project): Directory | null {
    const { mode, lookup } = this.#settings.directory
    if (mode === 'none') return null
    return new Directory(this, 'directory', {
      ...{ ...this.#place, mode, lookup, runtime: project.runtimeAccount, iam: project.enabled('iam') },
    })
  }

  /** In the first phase, because it waits for a record that a person publishes. */
  #certificate(project: Project): Certificate | null {
    const { topology, host, certificate: source } = this.#settings.frontend
    if (topology === 'run-app' || host === undefined) return null
    const certificate = new Certificate(this, 'certificate', { ...this.#place, host, source })
    awaitApis(certificate, project.enabled('certificatemanager'))
    return certificate
  }

  #pipeline(project: Project): void {
    const { build, env, stateBucket, statePrefix } = this.#settings
    const buildAccount = project.buildAccount.email
    const registry = new Registry(this, 'registry', {
      ...{ ...this.#place, buildAccount, artifactregistry: project.enabled('artifactregistry') },
    })
    const attestation = this.#attestation(project)
    if (!build.enabled || build.repository === undefined) return
    new Build(this, 'build', {
      ...{
        ...this.#place,
        env,
        repository: build.repository,
        branch: build.branch,
        stateBucket,
        statePrefix,
      },
      ...{
        buildAccount,
        deployAccount: project.emailOf('deploy'),
        cloudbuild: project.enabled('cloudbuild'),
      },
      ...{ image: registry.image, ingredients: registry.ingredients, ...(attestation && { attestation }) },
    })
  }

  #attestation(project: Project): BinaryAuthorization | null {
    const { binaryAuthorization: mode } = this.#settings.build
    if (mode === 'off') return null
    return new BinaryAuthorization(this, 'attestation', {
      ...{ ...this.#place, mode, signer: project.emailOf('deploy') },
      apis: [
        project.enabled('binaryauthorization'),
        project.enabled('containeranalysis'),
        project.enabled('cloudkms'),
      ],
    })
  }

  #passwords(): { bootstrap: Password; login: Password | undefined } {
    const { login, passwordGeneration } = this.#settings.database
    return {
      bootstrap: ephemeralPassword(this, 'db_bootstrap', passwordGeneration),
      login: login === 'password' ? ephemeralPassword(this, 'db_password', passwordGeneration) : undefined,
    }
  }

  #database({ project, network, passwords }: DatabaseParts): Database {
    const { database, deletionProtection, phase } = this.#settings
    return new Database(this, 'database', {
      ...{ ...this.#place, ...database, network: network.networkId, deletionProtection },
      connectivity: props.connectivityOf(this.#settings, project, network),
      login:
        passwords.login === undefined ? { kind: 'iam' } : { kind: 'password', password: passwords.login },
      bootstrap: { account: project.bootstrapAccount, password: passwords.bootstrap },
      ...{ runtime: project.runtimeAccount, hasIamUser: phase !== 'foundation' },
      sqladmin: project.enabled('sqladmin'),
    })
  }
}

/** What every phase has. */
interface Foundation {
  readonly project: Project
  readonly network: Network
  readonly directory: Directory | null
  readonly certificate: Certificate | null
  readonly database: Database
  readonly owned: OwnedConfig
  readonly secrets: Secrets
  readonly warnings: readonly string[]
}

interface DatabaseParts {
  readonly project: Project
  readonly network: Network
  readonly passwords: { readonly bootstrap: Password; readonly login: Password | undefined }
}
