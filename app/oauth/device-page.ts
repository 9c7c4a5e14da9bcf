// `GET /device`: where a person says which sign-in is theirs. It changes nothing but a counter, and never
// submits itself (RFC 8628 section 5.4).
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Pool } from 'pg'
import type { Audit } from '../audit/events.ts'
import type { GatehouseConfig } from '../config/gatehouse.ts'
import { sendPage } from '../http/page.ts'
import { networkOf, type RateLimits } from '../http/rate-limit.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { grantFacts } from '../store/device-grants.ts'
import { type ConfirmFacts, confirmPage, entryForm, type PageText } from './device-page.html.ts'
import { storeAnswer } from './store-answer.ts'
import { normaliseUserCode } from './user-code.ts'

export interface DevicePageOptions {
  readonly publicUrl: string
  /** The IdP's authorization endpoint: the confirm form is redirected there. */
  readonly authorizationEndpoint: string
  /** Further origins of that redirect chain, `oidc.form_action_origins`. */
  readonly formActionOrigins: readonly string[]
  readonly rules: GatehouseConfig['sign_in']
  readonly pool: Pool
  readonly rateLimits: RateLimits
  readonly audit: Audit
  readonly log: Log
  readonly clock: Clock
}

/** The route. */
export function devicePage(options: DevicePageOptions): RouteOptions {
  const action = deviceAction(options.publicUrl)
  return {
    method: 'GET',
    url: '/device',
    config: { envelope: 'page', referrerPolicy: 'same-origin' },
    handler: async (request, reply) => {
      const input = queryOf(request).get('user_code') ?? ''
      const userCode = normaliseUserCode(input)
      if (userCode === null) {
        return sendFormPage(reply, entryForm({ action, problem: input === '' ? null : 'malformed' }), options)
      }
      const facts = await lookUp(request, userCode, options)
      const notice = options.rules.login_notice ?? null
      return sendFormPage(
        reply,
        confirmPage({ action, userCode, facts, notice, now: options.clock() }),
        options,
      )
    },
  }
}

/** The path the forms are sent to. A path in `public_url` is the ingress's to strip, so it must be sent. */
export function deviceAction(publicUrl: string): string {
  return `${new URL(publicUrl).pathname.replace(/\/$/, '')}/device`
}

/** Answers a page whose form leads to the identity provider. */
export function sendFormPage(
  reply: FastifyReply,
  page: PageText,
  options: Pick<DevicePageOptions, 'authorizationEndpoint' | 'formActionOrigins'>,
): FastifyReply {
  // Chrome holds the whole redirect chain of a form against form-action, not only its first address.
  const formAction = ["'self'", new URL(options.authorizationEndpoint).origin, ...options.formActionOrigins]
  return sendPage(reply, { ...page, formAction })
}

/** Answers a page that ends here: its form, if it ever had one, would lead nowhere else. */
export function sendResultPage(reply: FastifyReply, page: PageText): FastifyReply {
  return sendPage(reply, { ...page, formAction: ["'self'"] })
}

/** The request's query, read as a form. */
export function queryOf(request: FastifyRequest): URLSearchParams {
  const start = request.url.indexOf('?')
  return new URLSearchParams(start === -1 ? '' : request.url.slice(start + 1))
}

/**
 * What the page may tell about a code. A try is taken before the look-up and given back when the code
 * exists, so that no number of parallel guesses outruns the limit; without one left, nobody looks (S-19).
 */
async function lookUp(
  request: FastifyRequest,
  userCode: string,
  options: DevicePageOptions,
): Promise<ConfirmFacts | 'missing' | 'untold'> {
  const { pool, rateLimits, audit, log } = options
  const address = request.clientAddress
  try {
    if (!(await storeAnswer('page', rateLimits.take('device_verify', address)))) return 'untold'
    const grant = await storeAnswer('page', grantFacts(pool, userCode))
    if (grant === null) {
      audit.write({
        evt: 'device.verify',
        request_id: request.id,
        result: 'unknown_code',
        client_ip: address,
      })
      return 'missing'
    }
    await storeAnswer('page', rateLimits.giveBack('device_verify', address))
    const isOther = options.rules.address_match !== 'off' && networkOf(grant.clientIp) !== networkOf(address)
    return {
      askedAt: grant.createdAt,
      askedFrom: grant.clientIp,
      client: grant.userAgent,
      otherAddress: isOther ? address : null,
    }
  } catch (error) {
    // The page still renders while the store is down (S-13); the readiness probe carries the alarm.
    log.debug('the sign-in page shows no facts: the store did not answer', { cause: String(error) })
    return 'untold'
  }
}
