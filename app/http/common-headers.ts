import type { FastifyRequest } from 'fastify'
import type {} from './route.ts'

/** The headers of every response, hijacked ones included: no sniffing, no frames, no referrer, and the request id. */
export function commonHeaders(request: FastifyRequest): Record<string, string> {
  const { isHttps, isDraining } = request.server.listener
  const headers: Record<string, string> = {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': request.facts?.referrerPolicy ?? 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'x-request-id': request.id,
  }
  if (isHttps) headers['strict-transport-security'] = STRICT_TRANSPORT
  if (isDraining()) headers['connection'] = 'close'
  return headers
}

/** One year; without `includeSubDomains`, as the neighbours of the gateway's host are not ours. */
export const STRICT_TRANSPORT = 'max-age=31536000'
