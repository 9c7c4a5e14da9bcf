// The server that everything is registered on: what holds for any request, whatever it asks for.
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
} from 'fastify'
import type { Audit } from '../audit/events.ts'
import type { AccessControlConfig, LimitsConfig } from '../config/http-tuning.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createAccessControl } from './access-control.ts'
import { announcesBody } from './body.ts'
import { createCallerFinder } from './client-address.ts'
import { commonHeaders } from './common-headers.ts'
import type { Drain } from './drain.ts'
import { createErrorHandler } from './error-handler.ts'
import { health, type Readiness } from './health.ts'
import { createListener, LISTENER_BOUNDS, type ListenerBounds, type ListenerOptions } from './listener.ts'
import { type HttpObserver, observe } from './observer.ts'
import { createParserErrors } from './parser-errors.ts'
import { createChecks, type RunChecks } from './request-checks.ts'
import { requestId } from './request-id.ts'
import { createRouteTable, type ServedRoute } from './route-table.ts'

export interface ServerOptions {
  /** Where the outside finds the gateway: an https address turns Strict-Transport-Security on. */
  readonly publicUrl: string
  readonly trustedProxies: readonly string[]
  /** PEM texts, when the gateway ends TLS itself. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly accessControl: AccessControlConfig
  readonly limits: LimitsConfig
  /** How long a request body may pause. */
  readonly clientBodyMs: number
  readonly readiness: Readiness
  readonly drain: Drain
  readonly audit: Audit
  /** Null, the default, when nobody measures. */
  readonly observer?: HttpObserver | null
  readonly log: Log
  readonly clock: Clock
  /** Overrides for tests. */
  readonly bounds?: Partial<ListenerBounds>
}

/** The backlog that 5,000 clients connecting at once need; Node's own 511 resets every second one. */
const LISTEN_BACKLOG = 4096
const BODY_TOTAL_MS = 900_000
const METHODS_WITH_BODY = ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY'] as const

// No route has a schema. Without this, Fastify loads and compiles a validator and a serializer at every start.
const NO_SCHEMAS = { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } }

function noSchema(): never {
  throw new Error('a route asks for a schema, and nothing reads schemas')
}

/**
 * Builds the server: the listener's limits, the checks of every request, health, refusals. Features add routes.
 *
 * Fastify parses no body: a route reads `request.raw` itself, whatever its content type says.
 */
export function createServer(options: ServerOptions): FastifyInstance {
  const { drain, limits, log, audit, observer = null } = options
  const routes = createRouteTable()
  const runChecks = createChecks({
    limits,
    drain,
    routes,
    findCaller: createCallerFinder({ trusted_proxies: options.trustedProxies, log }),
    admit: createAccessControl({ lists: options.accessControl, audit, log }),
  })
  const answerError = createErrorHandler({ ...options, observer })
  const refuseUnrouted = (request: FastifyRequest, reply: FastifyReply) => {
    request.facts = null // Fastify makes some of these requests without its decorations
    if (observer !== null) observe(observer, reply, null)
    try {
      runChecks(request, null)
      throw new Error('a request without a route passed the checks')
    } catch (error) {
      answerError(error, request, reply)
    }
  }

  const server = fastify({
    serverFactory: handle => createListener({ ...listenerOptions(options), handle }),
    clientErrorHandler: createParserErrors({ isHttps: isHttps(options) }),
    genReqId: requestId,
    exposeHeadRoutes: false,
    return503OnClosing: false, // the drain decides who is still served
    frameworkErrors: (_error, request, reply) => refuseUnrouted(request, reply),
    routerOptions: { maxParamLength: 1024 },
    schemaController: NO_SCHEMAS,
  })
  // A method without a body, to Fastify, is one whose body it leaves alone.
  for (const method of METHODS_WITH_BODY) server.addHttpMethod(method, { overrideExisting: true })
  decorate(server, options)
  server.addHook('onRoute', route => checkFirst(route, routes.add(route), { runChecks, observer }))
  server.addHook('onSend', completeHeaders)
  server.setErrorHandler(answerError)
  server.setNotFoundHandler(refuseUnrouted)
  for (const route of health(options)) server.route(route)
  return server
}

/** Opens the server's port and answers it, which matters when `port` is 0. */
export async function listen(server: FastifyInstance, at: { host: string; port: number }): Promise<number> {
  await server.listen({ ...at, backlog: LISTEN_BACKLOG })
  const address = server.server.address()
  return typeof address === 'object' && address !== null ? address.port : at.port
}

function isHttps({ publicUrl }: ServerOptions): boolean {
  return publicUrl.startsWith('https:')
}

function listenerOptions(options: ServerOptions): Omit<ListenerOptions, 'handle'> {
  const { tls, limits, drain, clock, log } = options
  const bounds = { ...LISTENER_BOUNDS, ...options.bounds }
  const requestMs = bounds.headersMs + BODY_TOTAL_MS
  return { tls, maxHeaderBytes: limits.max_request_header_bytes, requestMs, bounds, drain, clock, log }
}

function decorate(server: FastifyInstance, options: ServerOptions): void {
  const { drain, clientBodyMs } = options
  server.decorate('listener', {
    isHttps: isHttps(options),
    bodyIdleMs: clientBodyMs,
    bodyTotalMs: BODY_TOTAL_MS,
    isDraining: () => drain.isDraining,
  })
  server.decorateRequest('clientAddress', '')
  server.decorateRequest('facts', null)
}

/** Puts the checks in front of a route's own hooks, with what they need of the route worked out here, once. */
function checkFirst(
  route: RouteOptions,
  served: ServedRoute,
  { runChecks, observer }: { runChecks: RunChecks; observer: HttpObserver | null },
): void {
  if (served.facts.takesHead === true) route.method = ['GET', 'HEAD']
  const check = (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    request.facts = served.facts
    if (observer !== null) observe(observer, reply, served.url)
    runChecks(request, served)
    done()
  }
  route.onRequest = [check, ...[route.onRequest ?? []].flat()]
}

function completeHeaders(
  request: FastifyRequest,
  reply: FastifyReply,
  _payload: unknown,
  done: () => void,
): void {
  reply.headers(commonHeaders(request))
  // What a route left unread must not be taken for the next request.
  if (announcesBody(request.raw) && !request.raw.complete) reply.header('connection', 'close')
  done()
}
