import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RefusalCode } from './errors.ts'

/** Whoever measures the listener. Nothing it does may throw, wait, or change an answer. */
export interface HttpObserver {
  /** A request came in, on `route` or on a path that no route has (null). Answers who is told of its end. */
  began(request: Pick<FastifyRequest, 'id' | 'method' | 'headers'>, route: string | null): HttpEnd
  /** The gateway refuses it; its end is told all the same. */
  refused(code: RefusalCode, route: string | null): void
}

/** Told once, when the answer's last byte was handed over or its connection is gone: the answer's status. */
export type HttpEnd = (status: number) => void

/** The status of a request whose client left before it was answered; nginx's log made it customary. */
const CLIENT_LEFT = 499

/** Tells `observer` of one request's beginning and, once, of its end. */
export function observe(observer: HttpObserver, reply: FastifyReply, route: string | null): void {
  const { raw, request } = reply
  const over = observer.began(request, route)
  raw.once('close', () => over(raw.headersSent ? raw.statusCode : CLIENT_LEFT))
}
