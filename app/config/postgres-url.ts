// The URL of the Postgres database, read once here so that the file's rules and the pool agree (C-19).

/** How a connection to Postgres is secured. */
export type PostgresTls =
  /** Plain text. */
  | { kind: 'off' }
  /** TLS first, plain text second, as libpq's `prefer`. */
  | { kind: 'opportunistic' }
  /** TLS without a look at the certificate, as libpq's `require`. */
  | { kind: 'unverified' }
  /** TLS with a trusted certificate; `checksName` also compares its name. Without a path: the system's roots. */
  | { kind: 'verified'; checksName: boolean; rootCertPath: string | null }

/** What a database URL says. Absent parts are undefined; the driver's environment defaults never fill them. */
export interface PostgresAddress {
  kind: 'readable'
  /** A name, an address, or the folder of a Unix socket. */
  host: string
  port: number
  database: string | undefined
  user: string | undefined
  password: string | undefined
  tls: PostgresTls
  applicationName: string | undefined
  options: string | undefined
}

/** Why a URL cannot be used, without any part of it. */
export interface UnreadableUrl {
  kind: 'unreadable'
  needs: string
  fix?: string
}

const PARAMETERS = ['sslmode', 'sslrootcert', 'application_name', 'options', 'host', 'port']

/** Reads `postgres://user:password@host:port/database?sslmode=…`; `?host=/folder` names a Unix socket. */
export function readPostgresUrl(value: string): PostgresAddress | UnreadableUrl {
  if (!/^postgres(ql)?:\/\//.test(value))
    return unreadable('a URL that starts with postgres:// or postgresql://')
  const authority = value.slice(value.indexOf('//') + 2).split(/[/?#]/)[0] ?? ''
  if (authority.slice(authority.lastIndexOf('@') + 1).includes(',')) return unreadable('one host')
  const url = URL.canParse(value) ? new URL(value) : null
  const parts = url && decodedParts(url)
  if (
    url === null ||
    parts === null ||
    url.hash !== '' ||
    authority.split('@').length > 2 ||
    url.pathname.includes('@')
  ) {
    return unreadable(
      'a readable URL',
      'percent-encode reserved characters in the password, or put it under store.password as it is.',
    )
  }
  const unknown = [...url.searchParams.keys()].find(name => !PARAMETERS.includes(name))
  if (unknown !== undefined) return unreadable(`only the parameters ${PARAMETERS.slice(0, 4).join(', ')}`)
  const host = url.searchParams.get('host') ?? parts.host
  if (host === '') return unreadable('a host')
  const tls = tlsOf(url.searchParams, host)
  if (tls === null) return unreadable('sslmode disable, allow, prefer, require, verify-ca or verify-full')
  const port = Number(url.port || url.searchParams.get('port') || 5432)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return unreadable('a port from 1 to 65535')
  return {
    kind: 'readable',
    ...parts,
    host,
    port,
    tls,
    applicationName: url.searchParams.get('application_name') ?? undefined,
    options: url.searchParams.get('options') ?? undefined,
  }
}

/** Reports whether `host` is this machine: a Unix socket's folder, `localhost`, 127/8 or ::1. */
function isLocalHost(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(host)
}

function unreadable(needs: string, fix?: string): UnreadableUrl {
  return fix === undefined ? { kind: 'unreadable', needs } : { kind: 'unreadable', needs, fix }
}

type Parts = Pick<PostgresAddress, 'host' | 'database' | 'user' | 'password'>

function decodedParts(url: URL): Parts | null {
  try {
    const decoded = (part: string): string | undefined => (part === '' ? undefined : decodeURIComponent(part))
    return {
      host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
      database: decoded(url.pathname.slice(1)),
      user: decoded(url.username),
      password: decoded(url.password),
    }
  } catch {
    return null // a % that starts no escape: decodeURIComponent throws a URIError
  }
}

function tlsOf(parameters: URLSearchParams, host: string): PostgresTls | null {
  const rootCertPath = parameters.get('sslrootcert')
  switch (parameters.get('sslmode')) {
    case 'disable':
      return { kind: 'off' }
    case 'require':
      return { kind: 'unverified' }
    case 'verify-ca':
      return { kind: 'verified', checksName: false, rootCertPath }
    case 'verify-full':
      return { kind: 'verified', checksName: true, rootCertPath }
    case null:
    case 'prefer':
    case 'allow':
      return isLocalHost(host) ? { kind: 'off' } : { kind: 'opportunistic' }
    default:
      return null
  }
}
