import { hash, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Names a request: the client's own id when it is a plain word, else a fresh UUID. `x-request-id` is ignored. */
export function requestId(raw: IncomingMessage): string {
  const given = raw.headers['x-client-request-id']
  return typeof given === 'string' && PLAIN_WORD.test(given) ? given : randomUUID()
}

// `run-7.step:2`; nothing that could split a header or a log line.
const PLAIN_WORD = /^[A-Za-z0-9._:-]{1,128}$/

/**
 * The same request by the name that the Admin API gives it: `req_` and 32 hexadecimal digits, those of a UUID, else the
 * first of the id's SHA-256. Whoever has `x-request-id` finds it, whatever log has which of the two.
 */
export function adminRequestId(requestId: string): string {
  const digits = UUID.test(requestId) ? requestId.replaceAll('-', '') : hash('sha256', requestId).slice(0, 32)
  return `req_${digits}`
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
