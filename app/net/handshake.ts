// What a server shows to whoever connects: an open port, and with TLS its certificate. No byte of a request is sent.
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { buildConnector } from 'undici'

export type Handshake =
  | {
      readonly kind: 'open'
      /** The certificate's last moment; null without TLS. */
      readonly validTo: Date | null
      /** Why the certificate is not trusted for this name, as Node's code; null when it is. */
      readonly distrust: string | null
    }
  | { readonly kind: 'closed'; readonly cause: string }

/** Connects with a connector that takes certificates which are not trusted: they are an answer, too. Never rejects. */
export function shakeHands(url: URL, connect: buildConnector.connector): Promise<Handshake> {
  const { promise, resolve } = Promise.withResolvers<Handshake>()
  const { protocol, hostname, host, port } = url
  connect({ protocol, hostname, host, port }, (error, socket) => {
    if (error !== null) return resolve({ kind: 'closed', cause: causeOf(error) })
    resolve(seen(socket))
    socket.destroy()
  })
  return promise
}

function seen(socket: Socket | TLSSocket): Handshake {
  if (!('authorized' in socket)) return { kind: 'open', validTo: null, distrust: null }
  const error: unknown = socket.authorizationError
  const distrust = socket.authorized ? null : error instanceof Error ? causeOf(error) : String(error)
  return { kind: 'open', validTo: new Date(socket.getPeerCertificate().valid_to), distrust }
}

function causeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
