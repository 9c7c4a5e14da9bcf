import type { RouteOptions } from 'fastify'
import { type MetricsPage, PAGE_HEADERS, REFUSED_HEADERS } from './metrics-page.ts'

/**
 * The page on a path of the gateway's own listener: whoever may not reach the gateway may not reach it either.
 *
 * It is served during a drain, which is when its figures are wanted.
 */
export function metricsRoute(page: MetricsPage, path: string): RouteOptions {
  return {
    method: 'GET',
    url: path,
    config: { envelope: 'text', servedWhileDraining: true },
    handler: async (request, reply) => {
      if (!page.admits(request.raw.headersDistinct['authorization']))
        return reply.code(401).headers(REFUSED_HEADERS).send()
      return reply.headers(PAGE_HEADERS).send(await page.text())
    },
  }
}
