import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Drain } from './drain.ts'
import { Refusal } from './errors.ts'

/** Whether the store can serve sign-in, as one shared and bounded query says. */
export interface Readiness {
  isReady(): Promise<boolean>
}

export interface HealthOptions {
  readonly readiness: Readiness
  readonly drain: Drain
}

/**
 * The probes: `/healthz` says that the event loop runs, `/readyz` that new work is welcome.
 *
 * Each has a second name, because Cloud Run's front end keeps paths that end in `z` to itself.
 */
export function health({ readiness, drain }: HealthOptions): RouteOptions[] {
  const live = (_request: FastifyRequest, reply: FastifyReply) => say(reply, 'ok')
  const ready = async (_request: FastifyRequest, reply: FastifyReply) => {
    if (drain.isDraining) throw new Refusal('draining', 'draining')
    if (await readiness.isReady()) return say(reply, 'ready')
    throw new Refusal('store_unavailable', 'store unavailable')
  }
  return [
    ...['/healthz', '/health'].map(url => probe(url, live)),
    ...['/readyz', '/ready'].map(url => probe(url, ready)),
  ]
}

function probe(url: string, handler: RouteOptions['handler']): RouteOptions {
  return { method: 'GET', url, config: { envelope: 'text', isProbe: true, takesHead: true }, handler }
}

function say(reply: FastifyReply, word: string): FastifyReply {
  return reply
    .headers({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    .send(word)
}
