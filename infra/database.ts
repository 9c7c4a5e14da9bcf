import { Fn, type ITerraformDependable } from 'cdktf'
import { Construct } from 'constructs'
import type { Password } from './ephemeral-password.ts'
import {
  ComputeAddress,
  ComputeForwardingRule,
  ComputeGlobalAddress,
  DnsManagedZone,
  DnsRecordSet,
  ProjectIamMember,
  ServiceNetworkingConnection,
  SqlDatabase,
  SqlDatabaseInstance,
  type SqlDatabaseInstanceConfig,
  SqlUser,
  type SqlUserConfig,
} from './google.ts'
import type { Account } from './project.ts'

/** How the instance is reached; it has no public address in either way. */
export type Connectivity =
  /** An endpoint at `address` of the subnet (Private Service Connect). */
  | { readonly kind: 'psc'; readonly subnetwork: string; readonly address: string }
  /** A peering with the network that Google keeps its instances in; leaving it takes days (G-63). */
  | { readonly kind: 'psa' }

export interface DatabaseProps {
  readonly project: string
  readonly region: string
  /** Prefix of all names. */
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly network: string
  readonly connectivity: Connectivity
  /** Default `POSTGRES_17`. */
  readonly version?: string
  /** Default `ENTERPRISE`; left to Google it would be PLUS, which refuses small tiers. */
  readonly edition?: 'ENTERPRISE' | 'ENTERPRISE_PLUS'
  /** Default `db-custom-1-3840`. */
  readonly tier?: string
  /** Default `REGIONAL`: a standby in another zone. */
  readonly availability?: 'REGIONAL' | 'ZONAL'
  /** Set as the flag `max_connections`. Default: what Google gives the tier. */
  readonly maxConnections?: number | undefined
  /** Default: daily at 03:00 UTC, 14 kept, and 7 days of logs to restore any moment of. */
  readonly backups?: { readonly start: string; readonly retained: number; readonly logDays: number }
  /** Default true, in Terraform and at Google. */
  readonly deletionProtection?: boolean
  /** `iam`: no password, through the connector. `password`: over `path`. */
  readonly login: { readonly kind: 'iam' } | { readonly kind: 'password'; readonly password: Password }
  /** `connector` proves the instance's identity; `direct` is encrypted only, and for passwords. */
  readonly path: 'connector' | 'direct'
  readonly runtime: Account
  /** The built-in user `bootstrap`, who makes the schema, and the account of its job. */
  readonly bootstrap: { readonly account: Account; readonly password: Password }
  /** Google makes the role of IAM users some time after the instance: never in the apply that makes it (G-33). */
  readonly hasIamUser: boolean
}

/** The only database of the instance. */
const DATABASE = 'gatehouse'
/** The built-in user of `login: password`. */
const PASSWORD_USER = 'gatehouse'
const BOOTSTRAP_USER = 'bootstrap'

/** A Postgres without a public address, that only the gateway's account may log in to. */
export class Database extends Construct {
  /** `project:region:instance`, known before the instance is. */
  readonly connectionName: string
  readonly instanceName: string
  /** The name that the connector resolves, with its dot at the end. */
  readonly dnsName: string
  readonly databaseName = DATABASE
  /** The role that the gateway logs in as. */
  readonly role: string
  /** The role of the bootstrap job, whose password is in its secret. */
  readonly bootstrapUser = BOOTSTRAP_USER
  readonly ipType: 'PSC' | 'PRIVATE'
  /** `<project>:<instance>`, as metrics name it. */
  readonly metricsId: string
  /** What must be there before anybody connects: the name, the users and their rights. */
  readonly ready: readonly ITerraformDependable[]
  readonly #props: DatabaseProps
  readonly #ready: ITerraformDependable[] = []

  constructor(scope: Construct, id: string, props: DatabaseProps) {
    super(scope, id)
    this.#props = props
    const { project, region, name, login, connectivity } = props
    const instanceName = `${name}-db`

    this.connectionName = `${project}:${region}:${instanceName}`
    this.metricsId = `${project}:${instanceName}`
    this.ipType = connectivity.kind === 'psc' ? 'PSC' : 'PRIVATE'
    const instance = new SqlDatabaseInstance(this, 'instance', this.#instance(instanceName))
    this.instanceName = instance.name
    this.dnsName = instance.dnsName
    if (connectivity.kind === 'psc') this.#endpoint(instance, connectivity)

    new SqlDatabase(this, 'database', {
      ...{ project, instance: instance.name, name: DATABASE },
      deletionPolicy: 'ABANDON', // Postgres drops no database that roles still hold
    })
    this.#builtInUser('bootstrap-user', BOOTSTRAP_USER, props.bootstrap.password)
    this.role = login.kind === 'iam' ? `${name}-run@${project}.iam` : PASSWORD_USER
    if (login.kind === 'password') this.#builtInUser('password-user', PASSWORD_USER, login.password)
    else if (props.hasIamUser) this.#iamUser(props.runtime)
    this.#grants(instance.name)
    this.ready = this.#ready
  }

  #instance(name: string): SqlDatabaseInstanceConfig {
    const { project, region, connectivity, deletionProtection = true } = this.#props
    const { version = 'POSTGRES_17', edition = 'ENTERPRISE', tier = 'db-custom-1-3840' } = this.#props
    const { availability = 'REGIONAL', backups = { start: '03:00', retained: 14, logDays: 7 } } = this.#props
    return {
      ...{ project, region, name, databaseVersion: version, deletionProtection },
      settings: {
        ...{ tier, edition, availabilityType: availability, diskAutoresize: true },
        ...{ userLabels: { ...this.#props.labels }, deletionProtectionEnabled: deletionProtection },
        retainBackupsOnDelete: true,
        connectorEnforcement: this.#props.path === 'connector' ? 'REQUIRED' : 'NOT_REQUIRED',
        ipConfiguration: {
          ...{ ipv4Enabled: false, sslMode: 'ENCRYPTED_ONLY' },
          ...(connectivity.kind === 'psc'
            ? { pscConfig: [{ pscEnabled: true, allowedConsumerProjects: [project] }] }
            : { privateNetwork: this.#props.network }),
        },
        backupConfiguration: {
          ...{ enabled: true, startTime: backups.start, pointInTimeRecoveryEnabled: true },
          transactionLogRetentionDays: backups.logDays,
          backupRetentionSettings: { retainedBackups: backups.retained, retentionUnit: 'COUNT' },
        },
        databaseFlags: this.#flags(),
        // Statements hold no values of requests, and client addresses are nobody's business here.
        insightsConfig: {
          queryInsightsEnabled: true,
          recordClientAddress: false,
          recordApplicationTags: false,
        },
        maintenanceWindow: { day: 7, hour: 4, updateTrack: 'stable' },
      },
      ...(connectivity.kind === 'psa' && { dependsOn: [this.#peering()] }),
    }
  }

  #flags(): { name: string; value: string }[] {
    const { maxConnections } = this.#props
    const login = { name: 'cloudsql.iam_authentication', value: 'on' }
    return maxConnections === undefined
      ? [login]
      : [login, { name: 'max_connections', value: String(maxConnections) }]
  }

  #endpoint(
    instance: SqlDatabaseInstance,
    { subnetwork, address }: Extract<Connectivity, { kind: 'psc' }>,
  ): void {
    const { project, region, name, labels, network } = this.#props
    const place = { project, region, name: `${name}-db` }
    const reserved = new ComputeAddress(this, 'address', {
      ...{ ...place, labels: { ...labels }, subnetwork, addressType: 'INTERNAL', address },
    })
    new ComputeForwardingRule(this, 'endpoint', {
      ...{ ...place, labels: { ...labels }, network, ipAddress: reserved.id, loadBalancingScheme: '' },
      target: instance.pscServiceAttachmentLink,
    })
    const zone = new DnsManagedZone(this, 'zone', {
      ...{
        project,
        name: `${name}-db`,
        labels: { ...labels },
        dnsName: instance.dnsName,
        visibility: 'private',
      },
      description: 'the database, as the connector asks for it',
      privateVisibilityConfig: { networks: [{ networkUrl: network }] },
    })
    const record = new DnsRecordSet(this, 'record', {
      ...{ project, managedZone: zone.name, name: zone.dnsName },
      ...{ type: 'A', ttl: 60, rrdatas: [reserved.address] },
    })
    this.#ready.push(record)
  }

  #peering(): ServiceNetworkingConnection {
    const { project, name, network } = this.#props
    const range = new ComputeGlobalAddress(this, 'services-range', {
      ...{
        project,
        name: `${name}-services`,
        network,
        purpose: 'VPC_PEERING',
        addressType: 'INTERNAL',
        prefixLength: 24,
      },
    })
    return new ServiceNetworkingConnection(this, 'peering', {
      ...{ network, service: 'servicenetworking.googleapis.com', reservedPeeringRanges: [range.name] },
      deletionPolicy: 'ABANDON', // Google holds it for days after the instance is gone
    })
  }

  #builtInUser(id: string, name: string, password: Password): void {
    this.#user(id, {
      ...{ name, type: 'BUILT_IN', passwordWo: password.value, passwordWoVersion: password.generation },
    })
  }

  #iamUser({ email }: Account): void {
    const name = Fn.trimsuffix(email, '.gserviceaccount.com')
    this.#user('iam-user', { name, type: 'CLOUD_IAM_SERVICE_ACCOUNT' })
  }

  /** Roles that own tables cannot be dropped, so the users are left behind when the stack goes. */
  #user(id: string, settings: Omit<SqlUserConfig, 'instance'>): void {
    const { project } = this.#props
    const instance = this.instanceName
    this.#ready.push(
      new SqlUser(this, id, { ...{ project, instance, deletionPolicy: 'ABANDON' }, ...settings }),
    )
  }

  /** For this instance only; a role on the project would open every database in it (G-14). */
  #grants(instance: string): void {
    const { project, runtime, bootstrap, login, path } = this.#props
    const condition = {
      title: 'only the gateway database',
      expression: `resource.name == "projects/${project}/instances/${instance}"`,
    }
    const grant = (id: string, role: string, { member }: Account) =>
      this.#ready.push(new ProjectIamMember(this, id, { project, role, member, condition }))
    grant('bootstrap-client', 'roles/cloudsql.client', bootstrap.account) // its job always takes the connector
    if (path === 'connector') grant('client', 'roles/cloudsql.client', runtime)
    if (login.kind === 'iam') grant('instance-user', 'roles/cloudsql.instanceUser', runtime)
  }
}
