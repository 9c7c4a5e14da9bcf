// A connection through a forward proxy, by CONNECT (RFC 9110 section 9.3.6).
import type { Socket } from 'node:net'
import { type buildConnector, Client } from 'undici'
import type { ForwardProxy } from '../config/forward-proxies.ts'
import { ProxyFailure, refusalOf } from './proxy-failure.ts'

export interface TunnelOptions {
  readonly proxy: ForwardProxy
  /** `host:port` as the proxy is told it, an IPv6 address in brackets. */
  readonly authority: string
  /** Opens the socket to the proxy. */
  readonly connect: buildConnector.connector
  /** Gives the attempt up. */
  readonly signal: AbortSignal
}

const MAX_HEADER_BYTES = 16 * 1024

/** Opens a socket whose bytes reach `authority`; rejects with a `ProxyFailure`, or the guard's refusal of the proxy. */
export async function openTunnel({ proxy, authority, connect, signal }: TunnelOptions): Promise<Socket> {
  const client = new Client(`http://${proxy.host}:${proxy.port}`, {
    ...{ connect, allowH2: false, pipelining: 1, maxHeaderSize: MAX_HEADER_BYTES },
    // The signal ends what takes too long.
    ...{ headersTimeout: 0, bodyTimeout: 0 },
  })
  const headers = { host: authority, ...authorizationOf(proxy) }
  try {
    const { statusCode, socket } = await client.connect({ path: authority, headers, signal })
    if (statusCode >= 200 && statusCode < 300) return socket as Socket // the connector above opens no other kind
    socket.destroy()
    throw new ProxyFailure(proxy, authority, refusalOf(statusCode))
  } catch (error) {
    if (error instanceof ProxyFailure || isForbidden(error)) throw error
    throw new ProxyFailure(proxy, authority, whatBroke(error, signal), error)
  } finally {
    // The tunnel's socket has left the client; what is still open is a failed one's.
    client.destroy().catch(() => {})
  }
}

function authorizationOf({ authorization }: ForwardProxy): Record<string, string> {
  return authorization === null ? {} : { 'proxy-authorization': authorization }
}

function isForbidden(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED_SSRF'
}

function whatBroke(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'it did not answer in time'
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'the connection broke'
  return /^[A-Z0-9_]{3,40}$/.test(code) ? code : 'the connection broke'
}
