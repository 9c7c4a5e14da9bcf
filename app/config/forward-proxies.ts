// Forward proxies, from the variables that name them (H-37, H-38).
import { isProxyException, type ProxyException, readProxyExceptions } from '../lib/proxy-exceptions.ts'
import type { Facts } from './rule.ts'

export interface ForwardProxy {
  /** As a URL has it: an IPv6 address in brackets. */
  readonly host: string
  readonly port: number
  /** The value of `Proxy-Authorization`; a secret. Null without credentials. */
  readonly authorization: string | null
}

/** Which proxies connections go through. */
export interface ForwardProxies {
  /** For https and http targets. */
  readonly https: ForwardProxy | null
  readonly http: ForwardProxy | null
  readonly exceptions: readonly ProxyException[]
  /** Whether the proxy is the only way out: names go there unresolved, and private targets are its to refuse. */
  readonly isBoundary: boolean
}

/** The variables as they stand; lower-case names have won. */
export interface ProxyVariables {
  readonly https: string | undefined
  readonly http: string | undefined
  readonly none: string | undefined
  /** `CLAUDE_GATEWAY_PROXY_IS_EGRESS_BOUNDARY=1` and `CLAUDE_GATEWAY_ALLOW_LOOPBACK=1`. */
  readonly isDeclaredBoundary: boolean
  readonly allowLoopback: boolean
}

export interface ReadProxies {
  readonly proxies: ForwardProxies
  /** Why the gateway must not start: a proxy that cannot be used is never passed by. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** No value of a variable stands in a problem or a warning, as it may hold credentials. */
export function readForwardProxies(variables: ProxyVariables): ReadProxies {
  const https = readProxy(variables.https)
  const http = readProxy(variables.http)
  const { exceptions, unreadable } = readProxyExceptions(variables.none ?? '')
  const problems: string[] = []
  if (https === 'malformed') problems.push(`HTTPS_PROXY ${MALFORMED}`)
  if (http === 'malformed') problems.push(`HTTP_PROXY ${MALFORMED}`)
  const warnings = unreadable.length === 0 ? [] : [`${unreadable.length} ${UNREADABLE}`]
  const obstacle = obstacleOf(variables)
  if (variables.isDeclaredBoundary && obstacle !== null)
    warnings.push(`CLAUDE_GATEWAY_PROXY_IS_EGRESS_BOUNDARY is set but not active: ${obstacle}.`)
  const proxies = {
    https: https === 'malformed' ? null : https,
    http: http === 'malformed' ? null : http,
    exceptions,
    isBoundary: variables.isDeclaredBoundary && obstacle === null,
  }
  return { proxies, problems, warnings }
}

const MALFORMED =
  'is no proxy: write http://host:port, with user:password@ before the host if it asks for them.'
const UNREADABLE =
  'of the entries of NO_PROXY match nothing: it takes hosts, domains with a leading dot, and *, no ranges.'

function obstacleOf({ https, http, none, allowLoopback }: ProxyVariables): string | null {
  if (https === undefined && http === undefined) return 'neither HTTPS_PROXY nor HTTP_PROXY is set'
  if (none !== undefined) return 'NO_PROXY is set'
  return allowLoopback ? 'CLAUDE_GATEWAY_ALLOW_LOOPBACK is 1' : null
}

function readProxy(text: string | undefined): ForwardProxy | 'malformed' | null {
  if (text === undefined) return null
  const url = URL.parse(text)
  if (url === null || url.protocol !== 'http:' || url.pathname !== '/' || `${url.search}${url.hash}` !== '')
    return 'malformed'
  const authorization = basicOf(url)
  if (authorization === 'malformed') return 'malformed'
  return { host: url.hostname, port: Number(url.port || 80), authorization }
}

/** RFC 7617; null without user information. */
function basicOf({ username, password }: URL): string | 'malformed' | null {
  if (username === '' && password === '') return null
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`
  } catch {
    return 'malformed' // a percent sign that encodes nothing
  }
}

/** The proxy that stands before a target; null when the target is reached directly. */
export function proxyFor(
  { https, http, exceptions }: ForwardProxies,
  { protocol, host, port }: { protocol: string; host: string; port: number },
): ForwardProxy | null {
  const proxy = protocol === 'https:' ? https : http
  return proxy === null || isProxyException(exceptions, { host, port }) ? null : proxy
}

/** Why the boot stops: a proxy that cannot be used, or that stands where no request may go. */
export function proxyProblems({
  environment,
  judgeHost,
}: Pick<Facts, 'environment' | 'judgeHost'>): string[] {
  const { https, http } = environment.proxies
  const forbidden = Object.entries({ HTTPS_PROXY: https, HTTP_PROXY: http }).flatMap(([name, proxy]) => {
    const category = proxy === null ? null : judgeHost(proxy.host)
    return category === null || category === 'loopback' ? [] : [`${name} names a ${category} address.`]
  })
  return [...environment.proxyProblems, ...forbidden]
}

/** One line for the operator, without credentials; null when connections go out directly. */
export function proxyLine({ https, http, exceptions, isBoundary }: ForwardProxies): string | null {
  const named = Object.entries({ https, http }).flatMap(([scheme, proxy]) =>
    proxy === null ? [] : [`${scheme} through ${proxy.host}:${proxy.port}`],
  )
  if (named.length === 0) return null
  const past = exceptions.length === 0 ? '' : `; ${exceptions.length} exceptions in NO_PROXY`
  if (!isBoundary) return `network: ${named.join(', ')}${past}`
  return `network: ${named.join(', ')}, which resolves names: keeping requests out of private networks (SSRF) is its duty`
}
