import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Names a request: the client's own id when it is a plain word, else a fresh UUID. `x-request-id` is ignored. */
export function requestId(raw: IncomingMessage): string {
  const given = raw.headers['x-client-request-id']
  return typeof given === 'string' && PLAIN_WORD.test(given) ? given : randomUUID()
}

// `run-7.step:2`; nothing that could split a header or a log line.
const PLAIN_WORD = /^[A-Za-z0-9._:-]{1,128}$/
