// What a server shows to whoever connects: an open port, and with TLS its certificate. No byte of a request is sent.
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { forbiddenHost, type Guard, guardedLookup } from './guarded-lookup.ts'

export interface HandshakeTarget {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  /** PEM certificates that replace the system's roots. */
  readonly ca?: string | undefined
}

export type Handshake =
  | {
      readonly kind: 'open'
      /** The certificate's last moment; null without TLS. */
      readonly validTo: Date | null
      /** Why the certificate is not trusted for this name, as Node's code; null when it is. */
      readonly distrust: string | null
    }
  | { readonly kind: 'closed'; readonly cause: string }

/** Connects to a checked address, within `ms`; never rejects. */
export function shakeHands(target: HandshakeTarget, guard: Guard, ms: number): Promise<Handshake> {
  const { promise, resolve } = Promise.withResolvers<Handshake>()
  const refusal = forbiddenHost(target.host, guard)
  if (refusal !== null) return Promise.resolve({ kind: 'closed', cause: refusal.message })
  const socket = open(target, guardedLookup(guard))
  const settle = (handshake: Handshake) => {
    clearTimeout(timer)
    socket.destroy()
    resolve(handshake)
  }
  const timer = setTimeout(settle, ms, { kind: 'closed', cause: `no answer within ${ms} ms` })
  socket.once('error', error => settle({ kind: 'closed', cause: causeOf(error) }))
  socket.once(target.isTls ? 'secureConnect' : 'connect', () => settle(seen(socket)))
  return promise
}

function open({ host, port, isTls, ca }: HandshakeTarget, lookup: LookupFunction): Socket {
  const name = host.replace(/^\[(.*)\]$/, '$1')
  if (!isTls) return connect({ host: name, port, lookup })
  const roots = ca === undefined ? {} : { ca }
  // RFC 6066 section 3: addresses are no server names.
  const named = isIP(name) === 0 ? { servername: name } : {}
  // The certificate is what is looked at: one that is not trusted is an answer, too.
  return connectTls({ host: name, port, lookup, ...named, rejectUnauthorized: false, ...roots })
}

function seen(socket: Socket): Handshake {
  if (!isTls(socket)) return { kind: 'open', validTo: null, distrust: null }
  const error: unknown = socket.authorizationError
  const distrust = socket.authorized ? null : error instanceof Error ? causeOf(error) : String(error)
  return { kind: 'open', validTo: new Date(socket.getPeerCertificate().valid_to), distrust }
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'authorized' in socket
}

function causeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
