// Every outbound byte of HTTP leaves through a dispatcher of this network: one per purpose and upstream.

import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { Agent, type Dispatcher } from 'undici'
import type { ForwardProxies } from '../config/forward-proxies.ts'
import { type Handshake, shakeHands } from './handshake.ts'
import type { ProxyUse } from './proxy-use.ts'
import { routedConnector } from './routed-connector.ts'
import type { Category } from './ssrf-guard.ts'

/** What a connection is for; decides how long one waits for it. */
export type Purpose = 'idp' | 'upstream' | 'token_exchange' | 'telemetry' | 'webhook' | 'google' | 'ambient'

export interface DispatcherOptions {
  readonly purpose: Purpose
  /** Which of several, such as the upstream's name. */
  readonly name?: string | undefined
  /** PEM certificates that replace the system's roots. */
  readonly ca?: string | undefined
  readonly connectTimeoutMs?: number | undefined
  /** Replaces what a forward proxy is for this purpose. */
  readonly proxy?: ProxyUse | undefined
}

export interface Network {
  /** A dispatcher of its own: HTTP/1.1, keep-alive, no pipelining, no redirects, as many connections as asked. */
  dispatcher(options: DispatcherOptions): Dispatcher
  /** Looks whether a server can be reached, on the way of the purpose, and what certificate it shows; sends no request. */
  handshake(url: URL, options: DispatcherOptions): Promise<Handshake>
  /** Cuts what is still open. */
  close(): Promise<void>
}

export interface NetworkOptions {
  readonly allowLoopback: boolean
  /** None by default. */
  readonly proxies?: ForwardProxies | undefined
  /** Resolves names; the system's way by default. */
  readonly lookup?: LookupFunction | undefined
}

// A request to an upstream has its own timers, which know whether a stream is alive: 0 switches undici's off.
const WAITS: Record<Purpose, { connectMs: number; headMs: number; bodyMs: number }> = {
  idp: { connectMs: 5000, headMs: 10_000, bodyMs: 10_000 },
  upstream: { connectMs: 10_000, headMs: 0, bodyMs: 0 },
  token_exchange: { connectMs: 10_000, headMs: 0, bodyMs: 0 },
  telemetry: { connectMs: 5000, headMs: 10_000, bodyMs: 10_000 },
  webhook: { connectMs: 5000, headMs: 10_000, bodyMs: 5000 },
  google: { connectMs: 5000, headMs: 10_000, bodyMs: 10_000 },
  // Metadata servers and token services of a cloud's own credentials.
  ambient: { connectMs: 2000, headMs: 5000, bodyMs: 5000 },
}

/** The manual's table (H-33). An upstream of another provider says that the proxy resolves its name. */
const PROXY_USE: Record<Purpose, ProxyUse> = {
  idp: 'at_boundary',
  upstream: 'by_address',
  token_exchange: 'by_address',
  telemetry: 'by_address',
  webhook: 'by_address',
  google: 'by_name',
  ambient: 'never',
}

const NO_PROXIES: ForwardProxies = { https: null, http: null, exceptions: [], isBoundary: false }

// A socket that has been idle this long is closed, so that ours is the side that closes first.
const IDLE_MS = 30_000

const MAX_HEADER_BYTES = 64 * 1024

export function openNetwork({ allowLoopback, lookup, proxies = NO_PROXIES }: NetworkOptions): Network {
  const agents = new Set<Agent>()
  const closing = new AbortController()
  const routeOf = ({ purpose, name, ca, connectTimeoutMs, proxy }: DispatcherOptions) => ({
    ...{ use: proxy ?? PROXY_USE[purpose], proxies, closing: closing.signal },
    purpose: name === undefined ? purpose : `${purpose} ${name}`,
    allows: (category: Category) => isOpen(purpose, category, allowLoopback),
    lookup: lookup ?? lookupAll,
    connectTimeoutMs: connectTimeoutMs ?? WAITS[purpose].connectMs,
    // The relay must know whether a body has left the process: such a socket is full until it has.
    highWaterMark: purpose === 'telemetry' ? 1 : undefined,
    ca,
  })
  return {
    dispatcher(options) {
      const waits = WAITS[options.purpose]
      const agent = new Agent({
        connect: routedConnector(routeOf(options)),
        allowH2: false,
        pipelining: 1,
        keepAliveTimeout: IDLE_MS,
        // A server's `Keep-Alive: timeout=…` may shorten the wait, never lengthen it.
        keepAliveMaxTimeout: IDLE_MS,
        headersTimeout: waits.headMs,
        bodyTimeout: waits.bodyMs,
        maxHeaderSize: MAX_HEADER_BYTES,
      })
      agents.add(agent)
      return agent
    },
    handshake: (url, options) => shakeHands(url, routedConnector({ ...routeOf(options), inspects: true })),
    async close() {
      closing.abort()
      await Promise.all([...agents].map(agent => agent.destroy()))
      agents.clear()
    },
  }
}

/** Ambient credentials live on the very addresses that the guard is for, and none of theirs comes from the file. */
function isOpen(purpose: Purpose, category: Category, allowLoopback: boolean): boolean {
  return purpose === 'ambient' || (category === 'loopback' && allowLoopback)
}

const lookupAll: LookupFunction = (host, options, done) => systemLookup(host, options, done)
