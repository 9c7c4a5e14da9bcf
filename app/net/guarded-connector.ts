// Opens sockets that lead straight to their host. The guard sits here because here the address is known: a name
// is resolved once, all its addresses are judged, and the socket connects to those and to no other.

import { buildConnector } from 'undici'
import { forbiddenHost, type Guard, guardedLookup } from './guarded-lookup.ts'

export interface ConnectorOptions extends Guard {
  /** For name, TCP and TLS together. */
  readonly connectTimeoutMs: number
  /** Bytes that a socket takes before it says that it is full. Default 64 KiB, of TLS 16 KiB. */
  readonly highWaterMark?: number | undefined
  /** Replaces the system's certificate authorities. */
  readonly ca?: string | undefined
}

/** A connector that cannot reach a forbidden address. SNI and `Host` keep the name. */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({
    allowH2: false,
    timeout: options.connectTimeoutMs,
    // RFC 8305 among the checked addresses. It also makes Node ask the hook for all of them.
    autoSelectFamily: true,
    lookup: guardedLookup(options),
    ...(options.highWaterMark === undefined ? {} : { highWaterMark: options.highWaterMark }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  })

  return (target, callback) => {
    // Node asks no look-up hook for a literal, so literals are judged here.
    const refusal = forbiddenHost(target.hostname, options)
    if (refusal === null) return connect(target, callback)
    queueMicrotask(() => callback(refusal, null))
  }
}
