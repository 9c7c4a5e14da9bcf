/** Everything an environment is made of, in order of dependency: the page to read first. */
import type { Construct } from 'constructs'
import { awaitApis } from './api-order.ts'
import { Armor } from './armor.ts'
import { AuditSink } from './audit-sink.ts'
import { Budget } from './budget.ts'
import { environment } from './container.ts'
import { DatabaseGrants } from './database-grants.ts'
import { Dns } from './dns.ts'
import { Doctor } from './doctor.ts'
import { EnvironmentStack } from './environment-stack.ts'
import { addFoundation, type Foundation, type OrganisationFile } from './foundation.ts'
import { judgeGatewayConfig } from './gateway-judge.ts'
import { LoadBalancer } from './load-balancer.ts'
import { Monitoring } from './monitoring.ts'
import type { Network } from './network.ts'
import { addOutputs } from './outputs.ts'
import { pathOf } from './secret-paths.ts'
import { Service } from './service.ts'
import type { Settings } from './settings.ts'
import { placeOf, sharedSubnetOf, trafficOf, vertexEndpointOf } from './stack-props.ts'
import { UptimeCheck } from './uptime-check.ts'

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
  readonly #place: ReturnType<typeof placeOf>

  constructor(scope: Construct, settings: Settings, organisation: OrganisationFile) {
    super(scope, settings)
    this.#settings = settings
    this.#place = placeOf(settings)
    const { phase } = settings

    const foundation = addFoundation(this, settings, organisation)
    const doctor = phase === 'foundation' ? null : this.#jobs(foundation)
    const names = phase === 'complete' && doctor !== null ? this.#front(foundation, doctor) : null

    this.warnings = judgeGatewayConfig({
      ...{ file: organisation.name, text: foundation.config },
      variables: Object.fromEntries(environment(this.#place).map(({ name, value }) => [name, value])),
      files: foundation.secrets.mounts.map(pathOf),
    })
    addOutputs(this, {
      ...{ ...this.#place, projectNumber: settings.projectNumber, issuer: settings.oidc.issuer },
      ...{ publicUrl: foundation.owned.publicUrl, manualSecrets: foundation.secrets.manual },
      certificateRecord: foundation.certificate?.dnsRecord ?? null,
      directorySetup: foundation.directory?.setup,
      ...{ resolverInstructions: names?.resolverInstructions, sharedSubnet: sharedSubnetOf(settings) },
      vertexLocation: foundation.owned.vertex?.location,
      isPrivateCa: foundation.certificate !== null && settings.frontend.certificate.kind === 'private-ca',
    })
  }

  /** What runs in the gateway's image, once or now and then. */
  #jobs({ project, network, database, secrets }: Foundation): Doctor {
    const grants = new DatabaseGrants(this, 'grants', {
      ...{ ...this.#container(network), serviceAccount: project.bootstrapAccount.email },
      ...{ instance: database.connectionName, ipType: database.ipType, database: database.databaseName },
      ...{ role: database.role, user: database.bootstrapUser, password: secrets.bootstrapMount },
      after: [...secrets.bootstrapGrants, ...database.ready, ...network.ready],
    })
    const doctor = new Doctor(this, 'doctor', {
      ...{ ...this.#container(network), serviceAccount: project.runtimeAccount.email },
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
      traffic: trafficOf(this.#settings),
      after: [...secrets.grants, ...database.ready, ...network.ready],
    })
    awaitApis(service, project.enabled('run'))

    const host = new URL(owned.publicUrl).hostname
    const hostAddress = this.#loadBalancer(foundation, service)?.address
    const vertex = vertexEndpointOf(this.#settings)
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
    const balancer = new LoadBalancer(this, 'load-balancer', {
      ...{ ...this.#place, network: network.networkId, subnetwork: network.endpointsSubnetId },
      ...{ service: serviceName, certificateId: certificate.certificateId },
      ...(network.proxyOnlySubnet && { proxyOnlySubnet: network.proxyOnlySubnet }),
      ...(armor && { securityPolicy: armor.policyId }),
    })
    for (const part of armor ? [armor, balancer] : [balancer]) awaitApis(part, project.enabled('compute'))
    return balancer
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
    const { image, service, network: asked, build } = this.#settings
    if (image === undefined) throw new Error('the settings let a phase without an image pass')
    const { cpu, memory } = service
    const { egress } = asked
    const binaryAuthorization = build.binaryAuthorization !== 'off'
    return { ...this.#place, image, network, subnetwork, egress, cpu, memory, binaryAuthorization }
  }
}
