// Opens the sockets of every dispatcher. The guard sits here because here the address is known: a name
// is resolved once, all its addresses are judged, and the socket connects to those and to no other.

import type { LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { ForbiddenDestination } from './forbidden-destination.ts'
import { type Category, judgeAnswer, judgeHost } from './ssrf-guard.ts'

export interface ConnectorOptions {
  /** What the connections are for; part of every refusal. */
  readonly purpose: string
  readonly allowLoopback: boolean
  readonly lookup: LookupFunction
  /** For name, TCP and TLS together. */
  readonly connectTimeoutMs: number
  /** Replaces the system's certificate authorities. */
  readonly ca?: string | undefined
}

/** A connector that cannot reach a forbidden address. SNI and `Host` keep the name. */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const { purpose, allowLoopback } = options
  const isForbidden = (category: Category | null): category is Category =>
    category !== null && !(category === 'loopback' && allowLoopback)

  const lookup: LookupFunction = (host, lookupOptions, done) => {
    options.lookup(host, { ...lookupOptions, all: true }, (error, answer) => {
      if (error) return done(error, [])
      const found = Array.isArray(answer) ? answer : []
      for (const { address } of found) {
        const category = judgeAnswer(address)
        if (isForbidden(category)) {
          return done(new ForbiddenDestination({ purpose, host, address, category }), [])
        }
      }
      done(null, found)
    })
  }
  const connect = buildConnector({
    allowH2: false,
    timeout: options.connectTimeoutMs,
    // RFC 8305 among the checked addresses. It also makes Node ask the hook for all of them.
    autoSelectFamily: true,
    lookup,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  })

  return (target, callback) => {
    // Node asks no look-up hook for a literal, so literals are judged here.
    const category = judgeHost(target.hostname)
    if (!isForbidden(category)) return connect(target, callback)
    const refusal = new ForbiddenDestination({ purpose, host: target.hostname, address: null, category })
    queueMicrotask(() => callback(refusal, null))
  }
}
