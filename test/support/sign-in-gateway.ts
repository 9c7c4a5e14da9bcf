// Sign-in's routes on a real listener and a real database, with the identity provider's leg given.
import { randomUUID } from 'node:crypto'
import { type IncomingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { RouteOptions } from 'fastify'
import type { Pool } from 'pg'
import type { AuditEvent } from '../../app/audit/events.ts'
import type { GatehouseConfig } from '../../app/config/gatehouse.ts'
import type { RateLimitsConfig } from '../../app/config/http-tuning.ts'
import { createDrain } from '../../app/http/drain.ts'
import { createRateLimits } from '../../app/http/rate-limit.ts'
import { createServer, listen } from '../../app/http/server.ts'
import type { SignIn } from '../../app/identity/sign-in.ts'
import { type Clock, systemClock } from '../../app/lib/clock.ts'
import type { Log } from '../../app/lib/log.ts'
import { bindingCookie } from '../../app/oauth/binding-cookie.ts'
import { callback, callbackByPost } from '../../app/oauth/callback.ts'
import { deviceAuthorization } from '../../app/oauth/device-authorization.ts'
import { deviceContinue } from '../../app/oauth/device-continue.ts'
import { deviceDeny } from '../../app/oauth/device-deny.ts'
import { devicePage } from '../../app/oauth/device-page.ts'
import { metadata } from '../../app/oauth/metadata.ts'
import { createKeyring } from '../../app/session/keyring.ts'
import { createSealer, type Sealer } from '../../app/session/seal.ts'
import { recordLog } from './recorded-log.ts'

export const SECRET = 'a secret of the gateway, long enough'

export interface SignInGatewayOptions {
  readonly pool: Pool
  readonly signIn: SignIn
  readonly publicUrl?: string
  /** From `freePort`, for a browser that needs `publicUrl` to be where the gateway listens. Default: any. */
  readonly port?: number
  readonly secrets?: readonly string[]
  readonly rules?: Partial<GatehouseConfig['sign_in']>
  readonly rateLimits?: Partial<RateLimitsConfig>
  readonly trustedProxies?: readonly string[]
  readonly formActionOrigins?: readonly string[]
  readonly drawUserCode?: () => string
  readonly clock?: Clock
  /** Further routes beside the browser's leg. */
  readonly routes?: (sealer: Sealer, audit: { write(event: AuditEvent): void }) => readonly RouteOptions[]
}

export interface SignInGateway extends AsyncDisposable {
  readonly port: number
  readonly publicUrl: string
  readonly events: AuditEvent[]
  readonly lines: readonly string[]
  readonly sealer: Sealer
  ask(path: string, question?: Question): Promise<Answer>
}

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>> | string
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Starts it; closed at the end of the scope. */
export async function startSignInGateway(options: SignInGatewayOptions): Promise<SignInGateway> {
  const publicUrl = options.publicUrl ?? 'https://gateway.example'
  const events: AuditEvent[] = []
  const log = recordLog()
  // As a line of the log would hold it: without what is undefined.
  const audit = { write: (event: AuditEvent) => void events.push(JSON.parse(JSON.stringify(event))) }
  const sealer = createSealer(createKeyring(options.secrets ?? [SECRET]))
  const server = createServer({
    publicUrl,
    trustedProxies: options.trustedProxies ?? [],
    accessControl: { allow_cidrs: ['0.0.0.0/0', '::/0'], deny_cidrs: [] },
    limits: { max_request_bytes: 1 << 20, max_request_header_bytes: 262_144 },
    clientBodyMs: 60_000,
    readiness: { isReady: async () => true },
    drain: createDrain(log),
    audit,
    log,
    clock: systemClock,
  })
  const routes = [
    ...routesOf(options, { publicUrl, audit, log, sealer }),
    ...(options.routes?.(sealer, audit) ?? []),
  ]
  for (const route of routes) server.route(route)
  const port = await listen(server, { host: '127.0.0.1', port: options.port ?? 0 })
  return {
    ...{ port, publicUrl, events, lines: log.lines, sealer },
    ask: (path, question = {}) => ask(port, path, question),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

interface Parts {
  readonly publicUrl: string
  readonly audit: { write(event: AuditEvent): void }
  readonly log: Log
  readonly sealer: Sealer
}

function routesOf(options: SignInGatewayOptions, parts: Parts): RouteOptions[] {
  const { pool, signIn } = options
  const window = { max: 1000, window_seconds: 600 }
  const limits = { device_authorization: window, device_verify: window, ...options.rateLimits }
  const rateLimits = createRateLimits({ pool, limits, log: parts.log })
  const clock = options.clock ?? systemClock
  const page = {
    ...{ ...parts, pool, rateLimits, clock, authorizationEndpoint: signIn.authorizationEndpoint },
    formActionOrigins: options.formActionOrigins ?? [],
    rules: { address_match: 'warn' as const, email_in_token_response: false, ...options.rules },
  }
  const cookie = bindingCookie(parts.publicUrl)
  return [
    metadata({ publicUrl: parts.publicUrl, revocation: true }),
    deviceAuthorization({
      ...{ ...parts, pool, rateLimits },
      ...(options.drawUserCode && { drawUserCode: options.drawUserCode }),
    }),
    devicePage(page),
    deviceContinue({ ...page, signIn, cookie, usePkce: true }),
    deviceDeny(page),
    callback({ ...parts, pool, signIn, cookie, clock }),
    callbackByPost(),
  ]
}

function ask(port: number, path: string, { method, headers, form }: Question): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const body = typeof form === 'object' ? new URLSearchParams(form).toString() : form
  const sent = request({
    ...{
      host: '127.0.0.1',
      port,
      path,
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      agent: false,
    },
    headers: {
      'x-client-request-id': randomUUID(),
      ...(body !== undefined && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
      }),
      ...headers,
    },
  })
  sent.on('error', reject)
  sent.on('response', async response => {
    const { statusCode = 0, headers: received } = response
    resolve({ status: statusCode, headers: received, body: await text(response) })
  })
  sent.end(body)
  return promise
}
