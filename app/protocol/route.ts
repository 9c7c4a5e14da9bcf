import { readFileSync } from 'node:fs'
import type { RouteOptions } from 'fastify'

/** `GET /protocol`: the wire contract that this gateway keeps, as Markdown; `file` is where it stands. */
export function protocol({ file }: { file: string }): RouteOptions {
  const text = readFileSync(file, 'utf8')
  return {
    method: 'GET',
    url: '/protocol',
    config: { envelope: 'text', takesHead: true },
    handler: (_request, reply) =>
      reply.type('text/markdown; charset=utf-8').header('cache-control', 'no-cache').send(text),
  }
}
