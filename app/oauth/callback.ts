// `GET /oauth/callback`: the browser comes back from the identity provider. The order of checks is the
// promise of S-25: nothing is asked of anybody for a state that is not ours or a browser that did not begin.
import type { FastifyRequest, RouteOptions } from 'fastify'
import type { Pool } from 'pg'
import type { Audit } from '../audit/events.ts'
import { Refusal } from '../http/errors.ts'
import { networkOf } from '../http/rate-limit.ts'
import type { SignIn, SignInOutcome } from '../identity/sign-in.ts'
import type { Clock } from '../lib/clock.ts'
import { isEqual } from '../lib/equal.ts'
import { printable } from '../lib/printable.ts'
import type { Sealer } from '../session/seal.ts'
import { claimState } from '../store/claimed-states.ts'
import { approveGrant, denyGrant } from '../store/device-grants.ts'
import type { BindingCookie } from './binding-cookie.ts'
import { type CallbackProblem, idpErrorPage, problemPage, signedInPage } from './callback-page.html.ts'
import type { SealedGrant } from './device-grant.ts'
import type { PageText } from './device-page.html.ts'
import { queryOf, sendResultPage } from './device-page.ts'
import { cookieDigest, openState, type SignInState, STATE_LIFETIME_SECONDS } from './state.ts'
import { storeAnswer } from './store-answer.ts'

const MAX_URL_BYTES = 16 * 1024
const MAX_CODE_BYTES = 8 * 1024
const MAX_STATE_BYTES = 4 * 1024
const MAX_IDP_TEXT_CHARACTERS = 200

/** A claim outlives the state by its whole life, in case replicas' clocks differ. */
const CLAIM_SECONDS = 2 * STATE_LIFETIME_SECONDS

export interface CallbackOptions {
  readonly signIn: SignIn
  readonly sealer: Sealer
  readonly cookie: BindingCookie
  readonly pool: Pool
  readonly audit: Audit
  readonly clock: Clock
}

/** How a callback ended; the rows CB-1 to CB-10. */
type Ending =
  | { readonly kind: 'signed_in'; readonly account: string }
  | { readonly kind: 'browser_mismatch' | 'bad_state' | 'replay' }
  | { readonly kind: 'idp_error'; readonly error: string; readonly description: string }
  | {
      readonly kind: 'failed'
      readonly outcome: Extract<SignInOutcome, { kind: 'failed' }>
      readonly deviceHash: Buffer
    }

/** The route. */
export function callback(options: CallbackOptions): RouteOptions {
  return {
    method: 'GET',
    url: '/oauth/callback',
    config: { envelope: 'page' },
    handler: async (request, reply) => {
      const ending = await auditedEnd(request, options)
      // A claimed trip ends its grant, so that it does not wait for a second identity (S-26).
      if (ending.kind === 'failed') await storeAnswer('page', denyGrant(options.pool, ending.deviceHash))
      if (ending.kind === 'signed_in' || ending.kind === 'browser_mismatch') {
        reply.header('set-cookie', options.cookie.clear())
      }
      return sendResultPage(reply, pageOf(ending, request.id))
    },
  }
}

/**
 * `POST /oauth/callback`: the answer of an IdP that was told, or insists, to use `response_mode=form_post`.
 * Nothing in it is read; the page names the cure.
 */
export function callbackByPost(): RouteOptions {
  return {
    method: 'POST',
    url: '/oauth/callback',
    config: { envelope: 'page', takesBody: false },
    handler: (request, reply) => sendResultPage(reply, problemPage('form_post', request.id)),
  }
}

/** However it ends, it is audited: also when the store breaks it off, and nobody is signed in. */
async function auditedEnd(request: FastifyRequest, options: CallbackOptions): Promise<Ending> {
  try {
    const ending = await end(request, options)
    writeAudit(options.audit, { request, ending })
    return ending
  } catch (error) {
    options.audit.write({
      evt: 'session.mint',
      request_id: request.id,
      client_ip: request.clientAddress,
      result: 'fail',
      err: error instanceof Refusal ? error.code : 'internal',
    })
    throw error
  }
}

async function end(request: FastifyRequest, options: CallbackOptions): Promise<Ending> {
  const query = queryOf(request)
  const sealed = sealedStateOf(request.url, query)
  const state = sealed === null ? null : await openState(options.sealer, sealed, options.clock)
  if (state === null) return { kind: 'bad_state' }
  const carried = options.cookie.read(request.headers.cookie)
  if (carried === null || !isEqual(cookieDigest(carried), state.cookie)) return { kind: 'browser_mismatch' }
  const error = query.get('error')
  if (error !== null) {
    return { kind: 'idp_error', error: idpText(error), description: idpText(query.get('error_description')) }
  }
  const isFirstUse = await storeAnswer('page', claimState(options.pool, state.jti, CLAIM_SECONDS))
  return isFirstUse ? finish(request, state, options) : { kind: 'replay' }
}

/** The query's sealed state; null when there is not exactly one, or something in the URL is too long. */
function sealedStateOf(url: string, query: URLSearchParams): string | null {
  const [state, ...others] = query.getAll('state')
  if (state === undefined || others.length > 0 || state.length > MAX_STATE_BYTES) return null
  if (url.length > MAX_URL_BYTES) return null
  return query.getAll('code').some(code => code.length > MAX_CODE_BYTES) ? null : state
}

/** Takes a claimed state through the identity provider to an approved grant. */
async function finish(
  request: FastifyRequest,
  state: SignInState,
  { signIn, sealer, pool }: CallbackOptions,
): Promise<Ending> {
  const deviceHash = Buffer.from(state.grant, 'base64url')
  const outcome = await signIn.complete({
    searchParams: queryOf(request),
    nonce: state.nonce,
    codeVerifier: state.verifier,
  })
  if (outcome.kind === 'failed') return { kind: 'failed', outcome, deviceHash }
  const { identity, refreshToken, groupsStale } = outcome
  const grant: SealedGrant = {
    grant: state.grant,
    identity,
    rt: refreshToken,
    approved_from: request.clientAddress,
    cross_address: networkOf(request.clientAddress) !== networkOf(state.from),
    groups_stale: groupsStale,
  }
  const sealed = await sealer.seal('grant', grant)
  const isApproved = await storeAnswer('page', approveGrant(pool, deviceHash, sealed))
  // Somebody decided, or the time ran out, while the identity provider was asked: what it gave is dropped.
  if (!isApproved) return { kind: 'replay' }
  return { kind: 'signed_in', account: identity.email ?? identity.name ?? identity.sub }
}

function idpText(text: string | null): string {
  return printable(text ?? '', MAX_IDP_TEXT_CHARACTERS)
}

function pageOf(ending: Ending, requestId: string): PageText {
  switch (ending.kind) {
    case 'signed_in':
      return signedInPage(printable(ending.account, MAX_IDP_TEXT_CHARACTERS))
    case 'idp_error':
      return idpErrorPage(ending, requestId)
    case 'failed':
      return problemPage(PROBLEM_OF_CAUSE[ending.outcome.cause], requestId)
    default:
      return problemPage(ending.kind, requestId)
  }
}

const PROBLEM_OF_CAUSE = {
  exchange: 'exchange',
  id_token: 'generic',
  admission: 'admission',
  groups: 'groups',
  issuer: 'generic',
} as const satisfies Record<Extract<SignInOutcome, { kind: 'failed' }>['cause'], CallbackProblem>

function writeAudit(audit: Audit, { request, ending }: { request: FastifyRequest; ending: Ending }): void {
  const common = { request_id: request.id, client_ip: request.clientAddress }
  if (ending.kind === 'failed') {
    const { err, step, answer } = ending.outcome
    audit.write({ evt: 'session.mint', ...common, result: 'fail', err, step, answer })
    return
  }
  const result = ending.kind === 'signed_in' ? 'approved' : ending.kind
  audit.write({ evt: 'device.callback', ...common, result })
}
