// The border of every route that needs a signed-in developer.
import type { FastifyRequest } from 'fastify'
import type { Audit, AuditEvent } from '../audit/events.ts'
import { Refusal, type RefusalCode } from '../http/errors.ts'
import { targetPath } from '../http/target.ts'
import type { Clock } from '../lib/clock.ts'
import { bearerKey, type Revocable } from './revocations.ts'
import type { Session, Tokens } from './token.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set by `requireBearer`, so only routes behind it may read it. */
    session: Session
  }
}

/** One text for all causes: which one it was stays in the audit. */
const SIGN_IN_AGAIN = 'Your sign-in is not valid or has ended. Sign in to the gateway again with /login.'

const SCHEME = 'Bearer '

type DenialReason = Extract<AuditEvent, { evt: 'auth.denied' }>['reason']

const CODES: Readonly<Record<DenialReason, RefusalCode>> = {
  missing_token: 'missing_bearer',
  invalid_token: 'invalid_bearer',
  expired: 'invalid_bearer',
  revoked: 'revoked_bearer',
}

export interface BearerOptions {
  readonly tokens: Pick<Tokens, 'verify'>
  readonly revocations: { covers(token: Revocable): boolean }
  readonly audit: Audit
  readonly clock: Clock
}

/**
 * The hook of every route that needs a signed-in developer: `request.session`, or 401.
 *
 * `x-api-key` and the query are never looked at.
 */
export function requireBearer(options: BearerOptions): (request: FastifyRequest) => Promise<void> {
  return async request => {
    const session = await authenticate(options, request.raw.rawHeaders)
    if (typeof session === 'object') {
      request.session = session
      return
    }
    options.audit.write({
      evt: 'auth.denied',
      request_id: request.id,
      reason: session,
      path: targetPath(request.url),
      client_ip: request.clientAddress,
    })
    throw new Refusal(CODES[session], SIGN_IN_AGAIN)
  }
}

/** The session of the one bearer among `rawHeaders`, or why there is none. */
export async function authenticate(
  options: Omit<BearerOptions, 'audit'>,
  rawHeaders: readonly string[],
): Promise<Session | DenialReason> {
  const credentials = authorizationLines(rawHeaders)
  const credential = credentials[0]
  if (credential === undefined) return 'missing_token'
  if (credentials.length > 1) return 'invalid_token'
  if (!credential.startsWith(SCHEME)) return 'missing_token'
  const session = await options.tokens.verify(credential.slice(SCHEME.length))
  if (session === null) return 'invalid_token'
  if (session.exp <= options.clock() / 1000) return 'expired'
  if (options.revocations.covers({ key: bearerKey(session), sub: session.identity.sub, iat: session.iat }))
    return 'revoked'
  return session
}

/** Every `Authorization` line: Node's own header object keeps only the first of several. */
function authorizationLines(rawHeaders: readonly string[]): string[] {
  const lines: string[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]! // the bounds are the loop's
    if (name.length === 13 && name.toLowerCase() === 'authorization') lines.push(rawHeaders[index + 1]!) // names and values alternate
  }
  return lines
}
