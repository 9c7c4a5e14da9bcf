import type { FastifyRequest } from 'fastify'
import type {} from './route.ts'

/** The headers of every response, hijacked ones included; during a drain they also end the connection. */
export function commonHeaders(request: FastifyRequest): Record<string, string> {
  const { isHttps, isDraining } = request.server.listener
  const headers = plainHeaders(request.id, isHttps)
  if (request.facts?.referrerPolicy !== undefined) headers['referrer-policy'] = request.facts.referrerPolicy
  if (request.facts?.headers !== undefined) Object.assign(headers, request.facts.headers)
  if (isDraining()) headers['connection'] = 'close'
  return headers
}

/** The same for an answer without a request: no sniffing, no frames, no referrer, no shared window, and an id. */
export function plainHeaders(requestId: string, isHttps: boolean): Record<string, string> {
  const headers: Record<string, string> = {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'x-request-id': requestId,
  }
  // One year; without `includeSubDomains`, as the neighbours of the gateway's host are not ours.
  if (isHttps) headers['strict-transport-security'] = 'max-age=31536000'
  return headers
}
