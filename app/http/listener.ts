import { constants } from 'node:crypto'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Clock } from '../lib/clock.ts'
import { createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import type { Drain } from './drain.ts'
import { MAX_HEADERS } from './request-checks.ts'

/** Times and numbers that only tests have a reason to change. */
export interface ListenerBounds {
  readonly headersMs: number
  readonly keepAliveMs: number
  readonly maxConnections: number
  /** How often Node looks for connections whose time is over. */
  readonly checkEveryMs: number
}

export const LISTENER_BOUNDS: ListenerBounds = {
  headersMs: 30_000,
  // Above the 600 s of Google's balancers: whoever reuses a connection last must not find it closed.
  keepAliveMs: 620_000,
  maxConnections: 10_000,
  checkEveryMs: 5_000,
}

export interface ListenerOptions {
  readonly handle: RequestListener
  /** PEM texts. Clients pin the leaf's fingerprint, so it is read once and a new one is a planned event. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly maxHeaderBytes: number
  /** The longest a request may take to arrive, its body included. */
  readonly requestMs: number
  readonly bounds: ListenerBounds
  readonly drain: Pick<Drain, 'enter' | 'leave' | 'onBegin'>
  readonly clock: Clock
  readonly log: Log
}

/** Node's server with every limit said aloud: strict parser, HTTP/1 only, bounded headers, times and sockets. */
export function createListener(options: ListenerOptions): Server {
  const { bounds, drain, handle } = options
  const settings = {
    // Node refuses at its limit; the last byte that fits is ours to allow.
    maxHeaderSize: options.maxHeaderBytes + 1,
    headersTimeout: bounds.headersMs,
    requestTimeout: options.requestMs,
    keepAliveTimeout: bounds.keepAliveMs,
    connectionsCheckingInterval: bounds.checkEveryMs,
    insecureHTTPParser: false,
    // Node's own answer would have neither our headers nor our body.
    requireHostHeader: false,
  }
  const server: Server = options.tls === undefined ? createServer(settings) : tlsServer(settings, options.tls)
  const leave = () => drain.leave()
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    drain.enter()
    response.on('close', leave)
    handle(request, response)
  }

  server.on('request', serve)
  server.on('checkExpectation', serve) // expectations we do not know are ignored (RFC 9110 section 10.1.1)
  server.on('checkContinue', (request, response) => {
    continueWhenRead(request, response)
    serve(request, response)
  })
  server.maxHeadersCount = MAX_HEADERS + 1
  server.timeout = 0 // no limit on a response
  limitConnections(server, options)
  drain.onBegin(() => server.close())
  return server
}

function tlsServer(settings: object, { cert, key }: { cert: string; key: string }): Server {
  const server = createTlsServer({
    ...settings,
    cert,
    key,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    handshakeTimeout: LISTENER_BOUNDS.headersMs,
  })
  // At run time it has all of http.Server's members; only the declarations have no common ancestor.
  return server as Server & typeof server
}

/** Sends `100 Continue` when the body is first read, which no route does before its checks passed. */
function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const read = request._read
  request._read = size => {
    request._read = read
    if (!response.headersSent) response.writeContinue()
    read.call(request, size)
  }
}

function limitConnections(server: Server, { bounds, clock, log }: ListenerOptions): void {
  const crowded = createCondition({
    log,
    clock,
    text: `connections are closed at once: ${bounds.maxConnections} are open`,
  })
  server.maxConnections = bounds.maxConnections
  server.on('drop', () => crowded.occurred())
}
