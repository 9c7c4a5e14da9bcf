// Postgres through the Cloud SQL connector: TLS with certificates that live an hour, and a login without a password.
import type { Duplex } from 'node:stream'
import type { ConnectorOptions } from '@google-cloud/cloud-sql-connector'
import type { CloudSqlConfig } from '../config/gatehouse.ts'
import { BootFault } from './boot-fault.ts'

/** What the connector needs of Google: the service's own credentials, and who that is. */
export interface GoogleAccess {
  /** The library's client, whose every request is guarded and bounded. */
  client(): Promise<NonNullable<ConnectorOptions['auth']>>
  /** The email of the account. */
  account(): Promise<string>
}

/** `gatehouse.cloud_sql` with what it takes to use it. */
export interface CloudSql {
  readonly config: CloudSqlConfig
  readonly google: GoogleAccess
}

/** An opened way to one instance; its certificate is renewed ahead of expiry until `close`. */
export interface CloudSqlWay {
  /** One connection more, secured to the instance whose name the configuration gives. */
  stream(): Duplex
  close(): void
}

/** The schema that the bootstrap creates for us; nothing of ours stands in `public`. */
export const CLOUD_SQL_SCHEMA = 'gatehouse'

/**
 * Asks the SQL Admin API for the instance's address and a certificate. The library is loaded when it is first needed.
 *
 * @throws {BootFault} for what only the operator can change: no right, no such instance, no such address.
 */
export async function openCloudSql({ config, google }: CloudSql): Promise<CloudSqlWay> {
  const [{ AuthTypes, Connector, IpAddressTypes }, auth] = await Promise.all([
    import('@google-cloud/cloud-sql-connector'),
    google.client(),
  ])
  const connector = new Connector({ auth })
  try {
    const { stream } = await connector.getOptions({
      instanceConnectionName: config.instance_connection_name,
      ipType: IpAddressTypes[config.ip_type],
      authType: config.iam_auth ? AuthTypes.IAM : AuthTypes.PASSWORD,
    })
    return { stream, close: () => connector.close() }
  } catch (error) {
    // Nothing to close: the library's own close would reject, unheard, for an instance that never opened.
    throw cloudSqlFault(error, config) ?? error
  }
}

/** The role that an IAM login has: the account's email as Cloud SQL shortens it. */
export function iamRole(email: string): string {
  return email.replace(/\.gserviceaccount\.com$/, '')
}

/** What the operator has to do about a failure of the connector's; null when waiting may help. Pure. */
function cloudSqlFault(error: unknown, { instance_connection_name: name, ip_type }: CloudSqlConfig) {
  const text = explanation(markOf(error), name, ip_type)
  return text === null ? null : new BootFault(`gatehouse.cloud_sql: ${text}`, { cause: error })
}

/** The status of Google's answer, or the code of the library's own error. */
function markOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const status: unknown = Reflect.get(error, 'status') ?? Reflect.get(error, 'code')
  return String(status ?? '')
}

function explanation(mark: string, name: string, ipType: string): string | null {
  switch (mark) {
    case '401':
      return `the SQL Admin API does not accept the service's credentials (401). Check its service account.`
    case '403':
      return `the service's account may not use the instance ${name} (403). Grant it roles/cloudsql.client, and roles/cloudsql.instanceUser for iam_auth; enable sqladmin.googleapis.com.`
    case '404':
      return `there is no instance ${name} (404). Correct instance_connection_name: project:region:instance.`
    case '400':
      return `the SQL Admin API refuses to open the instance ${name} (400). It may be stopped, or of another region.`
    case 'EBADSQLADMINREGION':
      return `the instance ${name} is in another region. Correct instance_connection_name: project:region:instance.`
    case 'ENOPUBLICSQLADMINIPADDRESS':
    case 'ENOPRIVATESQLADMINIPADDRESS':
    case 'ENOPSCSQLADMINIPADDRESS':
      return `the instance ${name} has no ${ipType} address. Set ip_type to the way it is reached: PSC or PRIVATE.`
    default:
      return null
  }
}
