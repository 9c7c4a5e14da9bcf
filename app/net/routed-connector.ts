// Opens the sockets of every dispatcher: directly, or through a forward proxy.
import { isIP, type LookupFunction, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type buildConnector, errors } from 'undici'
import type { ForwardProxies, ForwardProxy } from '../config/forward-proxies.ts'
import { type ConnectorOptions, guardedConnector } from './guarded-connector.ts'
import { forbiddenHost, guardedLookup } from './guarded-lookup.ts'
import { type ProxyUse, type Way, wayTo } from './proxy-use.ts'
import { judgeHost } from './ssrf-guard.ts'
import { openTunnel } from './tunnel.ts'

export interface RoutedOptions extends ConnectorOptions {
  readonly use: ProxyUse
  readonly proxies: ForwardProxies
  /** Gives up what is being opened. */
  readonly closing: AbortSignal
}

type Target = buildConnector.Options

/** Addresses of one name that a proxy is asked for, in turn. */
const MAX_ADDRESSES = 3

/**
 * A connector that finds its way by itself. Through a proxy the guard judges first as it does without one: the host as
 * it is written always, the addresses of a name where they are resolved here. TLS is with the target, by its name.
 */
export function routedConnector(options: RoutedOptions): buildConnector.connector {
  const connect = guardedConnector(options)
  // A proxy may stand on this machine or in a private network, and nowhere else that is forbidden.
  const reach = guardedConnector({
    ...{ purpose: 'forward proxy', allows: category => category === 'loopback', lookup: options.lookup },
    ...{ connectTimeoutMs: options.connectTimeoutMs, highWaterMark: options.highWaterMark },
  })

  return (target, callback) => {
    const refusal = forbiddenHost(target.hostname, options)
    if (refusal !== null) return queueMicrotask(() => callback(refusal, null))
    const way = wayOf(target, options)
    if (way.kind === 'direct') return connect(target, callback)
    throughProxy(target, way, { ...options, connect, reach }).then(
      socket => callback(null, socket),
      (error: Error) => callback(error, null),
    )
  }
}

function wayOf(target: Target, { use, proxies }: RoutedOptions): Way {
  const { protocol, hostname: host } = target
  return wayTo(
    { protocol, host, port: portOf(target), isLoopback: judgeHost(host) === 'loopback' },
    use,
    proxies,
  )
}

function portOf({ port, protocol }: Target): number {
  return Number(port || (protocol === 'https:' ? 443 : 80))
}

interface Connectors extends RoutedOptions {
  /** To the target, or over a tunnel to it. */
  readonly connect: buildConnector.connector
  /** To the proxy. */
  readonly reach: buildConnector.connector
}

async function throughProxy(
  target: Target,
  { proxy, resolves }: Extract<Way, { kind: 'tunnel' }>,
  options: Connectors,
): Promise<Socket | TLSSocket> {
  const deadline = AbortSignal.timeout(options.connectTimeoutMs)
  const signal = AbortSignal.any([deadline, options.closing])
  try {
    const hosts =
      resolves === 'here' ? await addressesOf(target.hostname, options, signal) : [target.hostname]
    const socket = await firstTunnel(target, hosts, { ...options, proxy, signal })
    return target.protocol === 'https:' ? await secured(target, socket, { ...options, signal }) : socket
  } catch (error) {
    if (!deadline.aborted) throw error
    const text = `no connection to ${target.hostname} through the forward proxy ${proxy.host}:${proxy.port} in time`
    throw new errors.ConnectTimeoutError(text)
  }
}

/** The judged addresses of a host, IPv4 first: a proxy may have no other. */
async function addressesOf(host: string, options: RoutedOptions, signal: AbortSignal): Promise<string[]> {
  if (isIP(host) !== 0) return [host]
  const { promise, resolve, reject } = Promise.withResolvers<string[]>()
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  const settle: Parameters<LookupFunction>[2] = (error, found) => {
    if (error !== null) return reject(error)
    const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address)
    resolve(addresses.toSorted((one, other) => isIP(one) - isIP(other)).slice(0, MAX_ADDRESSES))
  }
  guardedLookup(options)(host, { all: true }, settle)
  return promise
}

async function firstTunnel(
  target: Target,
  hosts: readonly string[],
  { proxy, signal, reach }: Connectors & { readonly proxy: ForwardProxy; readonly signal: AbortSignal },
): Promise<Socket> {
  let failure: unknown = new Error(`${target.hostname} has no address`)
  for (const host of hosts) {
    const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${portOf(target)}`
    try {
      return await openTunnel({ proxy, authority, connect: reach, signal })
    } catch (error) {
      failure = error
      if (signal.aborted) break
    }
  }
  throw failure
}

function secured(
  target: Target,
  socket: Socket,
  { connect, signal }: Connectors & { readonly signal: AbortSignal },
): Promise<Socket | TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket | TLSSocket>()
  // A handshake whose socket is taken away says nothing.
  const end = () => {
    socket.destroy()
    reject(signal.reason)
  }
  signal.addEventListener('abort', end, { once: true })
  connect({ ...target, httpSocket: socket }, (...[error, secure]) => {
    signal.removeEventListener('abort', end)
    if (error !== null) reject(error)
    else resolve(secure)
  })
  return promise
}
