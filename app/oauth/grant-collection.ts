// A terminal polls for the decision on its sign-in, and takes it once.
import type { FastifyRequest } from 'fastify'
import type { Pool } from 'pg'
import type { Audit } from '../audit/events.ts'
import type { GatehouseConfig } from '../config/gatehouse.ts'
import { Refusal } from '../http/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Condition } from '../lib/condition.ts'
import { withDeadline } from '../lib/deadline.ts'
import { wrapRefreshToken } from '../session/refresh-token.ts'
import type { Sealer } from '../session/seal.ts'
import { drawSid, type Tokens } from '../session/token.ts'
import { type GrantPoll, pollGrant } from '../store/device-grants.ts'
import {
  deviceHashOf,
  POLL_INTERVAL_SECONDS,
  POLL_PACE_SECONDS,
  readSealedGrant,
  type SealedGrant,
} from './device-grant.ts'
import type { TokenAnswer } from './token-answer.ts'

/** The client gives a poll up, and the sign-in with it, after ten seconds without an answer. */
const STORE_DEADLINE_MS = 4_000

export interface GrantCollection {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly tokens: Tokens
  readonly session: GatehouseConfig['session']
  readonly signIn: Pick<GatehouseConfig['sign_in'], 'email_in_token_response'>
  readonly audit: Audit
  readonly clock: Clock
  /** For the audit. */
  readonly ttlHours: number
  /** Told of polls that the store did not answer; the client only learns to wait. */
  readonly storeSilence: Condition
  /** How long a poll waits for the store, in milliseconds; default 4000. */
  readonly storeMs?: number
}

/** Answers one poll: the tokens of an approved grant, or the refusal that says what to do next (S-50). */
export async function collectGrant(
  request: FastifyRequest,
  deviceCode: string,
  options: GrantCollection,
): Promise<TokenAnswer> {
  const deviceHash = deviceHashOf(deviceCode)
  const poll = await pollStore(deviceHash, options)
  switch (poll.kind) {
    case 'approved': {
      const grant = readSealedGrant(await options.sealer.open('grant', poll.sealed), deviceHash)
      return grant === null ? refuseUnreadable(request, options) : mintFor(request, grant, options)
    }
    case 'denied':
      throw new Refusal('access_denied', '')
    case 'too_fast':
      throw new Refusal('slow_down', '', { headers: { 'retry-after': String(POLL_INTERVAL_SECONDS) } })
    case 'pending':
      throw new Refusal('authorization_pending', '')
    case 'gone':
      throw new Refusal('expired_token', '')
  }
}

/** A 5xx would end the sign-in at the client, so a store that is silent for a while is `slow_down` (S-13). */
async function pollStore(deviceHash: Buffer, options: GrantCollection): Promise<GrantPoll> {
  const { pool, storeSilence, storeMs = STORE_DEADLINE_MS } = options
  try {
    const poll = await withDeadline(pollGrant(pool, deviceHash, POLL_PACE_SECONDS), storeMs)
    storeSilence.ended()
    return poll
  } catch (cause) {
    storeSilence.occurred({ cause: cause instanceof Error ? cause.message : String(cause) })
    throw new Refusal('slow_down', '', { status: 400, cause })
  }
}

/** The session begins here, not in the browser: no bearer exists before a terminal asks for it (S-28). */
async function mintFor(
  request: FastifyRequest,
  grant: SealedGrant,
  options: GrantCollection,
): Promise<TokenAnswer> {
  const { identity, approved_from, cross_address } = grant
  const sid = drawSid()
  const bearer = await options.tokens.mint(identity, sid)
  const refreshToken = await firstRefreshToken(grant, sid, options)
  options.audit.write({
    evt: 'session.mint',
    request_id: request.id,
    client_ip: request.clientAddress,
    result: 'success',
    sub: identity.sub,
    email: identity.email,
    sid,
    ttl_hours: options.ttlHours,
    approved_from,
    cross_address,
  })
  const showsEmail = options.signIn.email_in_token_response && identity.email !== undefined
  return {
    access_token: bearer.token,
    token_type: 'Bearer',
    expires_in: bearer.expiresIn,
    ...(refreshToken !== null && { refresh_token: refreshToken }),
    ...(showsEmail && { email: identity.email }),
  }
}

async function firstRefreshToken(
  { rt, identity }: SealedGrant,
  sid: string,
  { session, sealer, clock }: GrantCollection,
): Promise<string | null> {
  if (rt === null || session.refresh_token_mode === 'passthrough') return rt
  const terms = { sealer, clock, idleDays: session.refresh_idle_days }
  return wrapRefreshToken({ sid, gen: 0, sub: identity.sub, rt }, terms)
}

/** Sealed under a secret that was dropped meanwhile, or moved from another row: nobody can collect it any more. */
function refuseUnreadable(request: FastifyRequest, { audit }: GrantCollection): never {
  audit.write({
    evt: 'session.mint',
    request_id: request.id,
    client_ip: request.clientAddress,
    result: 'fail',
    err: 'grant_unreadable',
  })
  throw new Refusal('expired_token', '')
}
