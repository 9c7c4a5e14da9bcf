// Faults of the database that only the operator can remove, told as what to do. Pure.

export interface Whereabouts {
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
  const text = explanation(codeOf(error), where)
  return text === null ? null : new BootFault(`store.postgres_url: ${text}`, { cause: error })
}

const OLDEST = 11

/** Refuses a server whose `server_version_num` is too old for us. */
export function refuseOldServer({ version, named }: { version: number; named: string }): void {
  if (version >= OLDEST * 10_000) return
  const text = `the server is PostgreSQL ${named}; version ${OLDEST} or later is needed`
  throw new BootFault(`store.postgres_url: ${text}`)
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
