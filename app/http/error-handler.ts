// Every refusal leaves through here, and so does every bug.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../lib/clock.ts'
import { type Condition, createCondition } from '../lib/condition.ts'
import { described } from '../lib/described.ts'
import type { Log } from '../lib/log.ts'
import { announcesBody } from './body.ts'
import { commonHeaders } from './common-headers.ts'
import { REFUSALS, Refusal, type RefusalCode, type RefusalRow } from './errors.ts'
import type { HttpObserver } from './observer.ts'
import { refusalAnswer } from './refusal-body.ts'
import { targetPath } from './target.ts'

export type ErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void

interface ErrorHandlerOptions {
  readonly log: Log
  readonly clock: Clock
  /** Null when nobody measures. */
  readonly observer: HttpObserver | null
}

/** The one place that answers refusals; whatever else was thrown is a bug, and its text stays here. */
export function createErrorHandler({ log, clock, observer }: ErrorHandlerOptions): ErrorHandler {
  const unwell = new Map<RefusalCode, Condition>()

  return (error, request, reply) => {
    const refusal = error instanceof Refusal ? error : internal(error)
    if (refusal.code === 'internal') logBug(log, request, refusal.cause)
    else if (refusal.cause !== undefined && refusal.status >= 500) {
      const condition = unwell.get(refusal.code) ?? createCondition({ log, clock, text: unwellText(refusal) })
      unwell.set(refusal.code, condition)
      condition.occurred({ request_id: request.id, cause: described(refusal.cause) })
    }
    if (observer !== null) observer.refused(refusal.code, routeOf(request))
    answer(request, reply, refusal)
  }
}

/** The route that was matched; null when none has the path. */
function routeOf(request: FastifyRequest): string | null {
  return request.facts === null ? null : (request.routeOptions.url ?? null)
}

// Enough for a sender that is nearly done to finish and read the answer; beyond it the connection goes.
const MAX_DRAINED_BYTES = 65_536
const MAX_DRAINING_MS = 500

function answer(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): void {
  const { raw } = reply
  reply.hijack()
  if (raw.headersSent) {
    raw.destroy()
    return
  }
  const row: RefusalRow = REFUSALS[refusal.code]
  const { headers, body } = refusalAnswer(refusal, request.id, request.facts)
  const isUnread = announcesBody(request.raw) && !request.raw.complete
  raw.writeHead(refusal.status, {
    ...commonHeaders(request),
    ...headers,
    'content-length': Buffer.byteLength(body),
    ...row.headers,
    ...refusal.headers,
    ...(isUnread && { connection: 'close' }),
  })
  // A client that waits for `100 Continue` has sent nothing that could be in the way of the answer.
  if (!isUnread || request.headers.expect !== undefined) {
    raw.end(body)
    return
  }
  raw.write(body)
  drainThenEnd(request.raw, raw)
}

/** Reads a little of what is still being sent: closing at once would make the kernel take the answer back. */
function drainThenEnd(request: IncomingMessage, response: ServerResponse): void {
  let left = MAX_DRAINED_BYTES
  const end = () => {
    clearTimeout(timer)
    request.off('data', count).off('end', end).off('close', end)
    response.end()
  }
  const count = (chunk: Buffer) => {
    left -= chunk.length
    if (left <= 0) end()
  }
  const timer = setTimeout(end, MAX_DRAINING_MS)
  if (request.destroyed) end()
  else request.on('data', count).on('end', end).on('close', end)
}

function internal(cause: unknown): Refusal {
  return new Refusal('internal', 'the gateway met an internal error', { cause })
}

function unwellText({ code }: Refusal): string {
  return `requests are refused with ${code}`
}

function logBug(log: Log, request: FastifyRequest, cause: unknown): void {
  const target = targetPath(request.raw.url ?? '')
  log.error(`${request.method} ${target} failed: ${described(cause)}`, { request_id: request.id })
}
