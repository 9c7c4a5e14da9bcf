// Faults of the database that only the operator can remove, told as what to do. Pure.

/** The key of the file that says where the database is. */
export type StoreKey = 'store.postgres_url' | 'gatehouse.cloud_sql'

export interface Whereabouts {
  readonly key: StoreKey
  readonly database: string
  readonly role: string
  /** While connecting, a missing privilege is another one than while migrating. */
  readonly during: 'connecting' | 'migrating'
}

/** The boot cannot go on; the message is for the operator, and free of secrets. */
export class BootFault extends Error {
  override readonly name = 'BootFault'
}

const CERTIFICATE_FAULTS = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** What the operator has to do about `error`; null when waiting may help. */
export function bootFault(error: unknown, where: Whereabouts): BootFault | null {
  if (error instanceof BootFault) return error
  const code = codeOf(error)
  const onGoogle = where.key === 'gatehouse.cloud_sql' ? explanationOnCloudSql(code, where) : null
  const text = onGoogle ?? explanation(code, where)
  return text === null ? null : new BootFault(`${where.key}: ${text}`, { cause: error })
}

const OLDEST = 11

/** Refuses a server whose `server_version_num` is too old for us. */
export function refuseOldServer(server: { version: number; named: string }, key: StoreKey): void {
  if (server.version >= OLDEST * 10_000) return
  const text = `the server is PostgreSQL ${server.named}; version ${OLDEST} or later is needed`
  throw new BootFault(`${key}: ${text}`)
}

/** The code of a database's or system's error, or the name of another one. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

// Appendix A of the PostgreSQL manual: "PostgreSQL Error Codes".
function explanation(code: string, { database, role, during }: Whereabouts): string | null {
  const [inDatabase, toRole] = [`database "${database}"`, `role "${role}"`]
  switch (code) {
    case '28P01':
      return `the server refuses the password of ${toRole} for ${inDatabase} (28P01). Correct store.password, or the password in the URL.`
    case '28000':
      return `the server does not let ${toRole} into ${inDatabase} (28000). Create the role with the right to log in, and allow it in pg_hba.conf.`
    case '3D000':
      return `${inDatabase} does not exist (3D000). As a superuser: create database "${database}" owner "${role}";`
    case '42501':
    case '3F000':
      return during === 'connecting'
        ? `${toRole} may not connect to ${inDatabase} (${code}). Grant it: grant connect on database "${database}" to "${role}";`
        : `${toRole} may not create tables in ${inDatabase} (${code}). Grant it there: grant usage, create on schema public to "${role}";`
    case '25006':
      return `${inDatabase} is read-only (25006), so ${toRole} cannot create tables. Name the primary server.`
    default:
      if (!CERTIFICATE_FAULTS.has(code)) return null
      return `the server's certificate is not trusted (${code}). Name its authority with sslrootcert=/path, or its name in the URL.`
  }
}

/** What differs on Cloud SQL, where roles are made by Google's API, and grants by our own bootstrap. */
function explanationOnCloudSql(code: string, { database, role, during }: Whereabouts): string | null {
  switch (code) {
    case '28P01':
    case '28000':
      return `the instance does not let role "${role}" in (${code}). Create it as a user of type CLOUD_IAM_SERVICE_ACCOUNT, named like the account without .gserviceaccount.com, and grant the account roles/cloudsql.instanceUser.`
    case '42501':
    case '3F000':
      if (during === 'connecting') return null
      return `role "${role}" may not create tables in the schema gatehouse of "${database}" (${code}). Run gatehouse migrate --bootstrap once.`
    default:
      if (!CERTIFICATE_FAULTS.has(code)) return null
      return `a certificate on the way to the instance is not trusted (${code}). Let nothing between end TLS.`
  }
}
