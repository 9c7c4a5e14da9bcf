// `POST /oauth/device_authorization` (RFC 8628 section 3.1): a terminal asks to be signed in.
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Pool } from 'pg'
import type { Audit } from '../audit/events.ts'
import { parseForm, readBody } from '../http/body.ts'
import { Refusal } from '../http/errors.ts'
import type { RateLimits } from '../http/rate-limit.ts'
import { printable } from '../lib/printable.ts'
import { createGrant } from '../store/device-grants.ts'
import {
  deviceHashOf,
  drawDeviceCode,
  GRANT_LIFETIME_SECONDS,
  POLL_INTERVAL_SECONDS,
} from './device-grant.ts'
import { waitInWords } from './duration.ts'
import { storeAnswer } from './store-answer.ts'
import { displayUserCode, drawUserCode } from './user-code.ts'

const MAX_BODY_BYTES = 16 * 1024
const MAX_USER_AGENT_CHARACTERS = 200
const SURFACE = /^[\x20-\x7e]{1,64}$/

/** The first draw, and five more when the code is taken (S-10). */
const MAX_DRAWS = 6

export interface DeviceAuthorizationOptions {
  readonly publicUrl: string
  readonly pool: Pool
  readonly rateLimits: RateLimits
  readonly audit: Audit
  /** Draws user codes; a test gives one that collides. */
  readonly drawUserCode?: () => string
}

/** The route; any body, or none, is welcome: only `surface` is read from it (S-8). */
export function deviceAuthorization(options: DeviceAuthorizationOptions): RouteOptions {
  const { publicUrl, audit } = options
  return {
    method: 'POST',
    url: '/oauth/device_authorization',
    config: { envelope: 'oauth', maxBodyBytes: MAX_BODY_BYTES },
    handler: async (request, reply) => {
      const surface = surfaceOf(parseForm(request, await readBody(request, MAX_BODY_BYTES)))
      const event = {
        evt: 'device.authorize',
        request_id: request.id,
        client_ip: request.clientAddress,
        surface,
      } as const
      try {
        await refuseTooMany(options.rateLimits, request.clientAddress)
        const codes = await storeGrant(options, { request, surface })
        audit.write({ ...event, result: 'success' })
        return answer(reply, { publicUrl, ...codes })
      } catch (error) {
        const isRateLimited = error instanceof Refusal && error.code === 'slow_down'
        audit.write({ ...event, result: isRateLimited ? 'rate_limited' : 'error' })
        throw error
      }
    },
  }
}

async function refuseTooMany(rateLimits: RateLimits, address: string): Promise<void> {
  const verdict = await storeAnswer('json', rateLimits.count('device_authorization', address))
  if (verdict.kind === 'allowed') return
  // The client shows the description and ignores Retry-After, so the wait stands in the sentence.
  throw new Refusal(
    'slow_down',
    `Too many sign-ins were started from your network. Try again in ${waitInWords(verdict.retryAfterSeconds)}`,
    { headers: { 'retry-after': String(verdict.retryAfterSeconds) } },
  )
}

interface Codes {
  readonly deviceCode: string
  readonly userCode: string
}

/** Stores the grant under the first free user code of a few draws. */
async function storeGrant(
  options: DeviceAuthorizationOptions,
  { request, surface }: { request: FastifyRequest; surface: string | undefined },
): Promise<Codes> {
  const deviceCode = drawDeviceCode()
  const grant = {
    deviceHash: deviceHashOf(deviceCode),
    lifetimeSeconds: GRANT_LIFETIME_SECONDS,
    clientIp: request.clientAddress,
    userAgent: printable(request.headers['user-agent'] ?? '', MAX_USER_AGENT_CHARACTERS),
    surface: surface ?? '',
  }
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const userCode = (options.drawUserCode ?? drawUserCode)()
    if (await storeAnswer('json', createGrant(options.pool, { ...grant, userCode }))) {
      return { deviceCode, userCode }
    }
  }
  return storeAnswer('json', Promise.reject(new Error(`${MAX_DRAWS} user codes in a row were taken`)))
}

function answer(reply: FastifyReply, codes: Codes & { publicUrl: string }): FastifyReply {
  const shown = displayUserCode(codes.userCode)
  const body = JSON.stringify({
    device_code: codes.deviceCode,
    user_code: shown,
    verification_uri: `${codes.publicUrl}/device`,
    verification_uri_complete: `${codes.publicUrl}/device?user_code=${shown}`,
    expires_in: GRANT_LIFETIME_SECONDS,
    interval: POLL_INTERVAL_SECONDS,
  })
  return reply
    .headers({ 'cache-control': 'no-store', pragma: 'no-cache' })
    .type('application/json')
    .send(Buffer.from(body)) // as bytes, or Fastify adds a charset that JSON does not have
}

/** What kind of client asks: at most 64 printable ASCII characters, else dropped. */
function surfaceOf(form: URLSearchParams | null): string | undefined {
  const surface = form?.get('surface')
  return surface != null && SURFACE.test(surface) ? surface : undefined
}
