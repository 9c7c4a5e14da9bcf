// `POST /oauth/token` (RFC 6749 section 3.2, RFC 8628 section 3.4): a terminal collects its sign-in, or renews it.
import type { FastifyRequest, RouteOptions } from 'fastify'
import type { Audit } from '../audit/events.ts'
import { parseForm, readBody } from '../http/body.ts'
import { Refusal } from '../http/errors.ts'
import { type RefreshOptions, type RefreshOutcome, refresh } from '../session/refresh.ts'
import { onlyValue, requiredValue } from './form-value.ts'
import { collectGrant, type GrantCollection } from './grant-collection.ts'
import { NOT_STORED, type TokenAnswer } from './token-answer.ts'

const MAX_BODY_BYTES = 64 * 1024
const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** Read by no grant of ours, but RFC 6749 defines them here: repeated, they are a mistake all the same. */
const OTHER_PARAMETERS = ['client_id', 'scope']

export interface TokenEndpointOptions {
  readonly collection: GrantCollection
  readonly refreshing: RefreshOptions
  readonly audit: Audit
  /** For the audit. */
  readonly ttlHours: number
}

/** The route. Error bodies hold the `error` alone: the client has a sentence of its own for each (S-50). */
export function token(options: TokenEndpointOptions): RouteOptions {
  return {
    method: 'POST',
    url: '/oauth/token',
    config: { envelope: 'oauth', maxBodyBytes: MAX_BODY_BYTES, servedWhileDraining: true },
    handler: async (request, reply) => {
      reply.headers(NOT_STORED)
      const form = parseForm(request, await readBody(request, MAX_BODY_BYTES))
      const answer = await answerTo(request, form, options)
      return reply.type('application/json').send(JSON.stringify(answer))
    },
  }
}

function answerTo(
  request: FastifyRequest,
  form: URLSearchParams | null,
  options: TokenEndpointOptions,
): Promise<TokenAnswer> {
  if (form === null) throw new Refusal('invalid_request', '')
  for (const name of OTHER_PARAMETERS) onlyValue(form, name)
  switch (onlyValue(form, 'grant_type')) {
    case DEVICE_CODE_GRANT:
      return collectGrant(request, requiredValue(form, 'device_code'), options.collection)
    case 'refresh_token':
      return renew(request, requiredValue(form, 'refresh_token'), options)
    default:
      throw new Refusal('unsupported_grant_type', '')
  }
}

async function renew(
  request: FastifyRequest,
  presented: string,
  options: TokenEndpointOptions,
): Promise<TokenAnswer> {
  const outcome = await refresh(presented, options.refreshing)
  writeAudit(request, outcome, options)
  if (outcome.kind === 'ended') throw new Refusal('invalid_grant', '')
  if (outcome.kind === 'unavailable') throw new Refusal('temporarily_unavailable', '')
  return {
    access_token: outcome.bearer.token,
    token_type: 'Bearer',
    expires_in: outcome.bearer.expiresIn,
    refresh_token: outcome.refreshToken,
  }
}

function writeAudit(
  request: FastifyRequest,
  outcome: RefreshOutcome,
  { audit, ttlHours }: TokenEndpointOptions,
): void {
  const about = { request_id: request.id, client_ip: request.clientAddress }
  if (outcome.kind !== 'refreshed') {
    audit.write({ evt: 'session.refresh', ...about, result: 'fail', ...outcome.facts })
    if (outcome.kind === 'ended' && outcome.revoked !== null) {
      audit.write({ evt: 'session.revoke', ...about, ...outcome.revoked })
    }
    return
  }
  const { identity, sid, rotated, shared, groupsStale } = outcome.renewed
  audit.write({
    evt: 'session.refresh',
    ...about,
    result: 'success',
    sub: identity.sub,
    email: identity.email,
    sid,
    ttl_hours: ttlHours,
    rotated,
    shared,
    groups_stale: groupsStale || undefined,
  })
}
