// `DELETE /v1/organizations/principals/{user_id}`: a person who is to be forgotten (M-63).
import type { FastifyRequest, RouteOptions } from 'fastify'
import type { PoolClient } from 'pg'
import { eraseIdentity, erasePerson } from '../store/erasure.ts'
import { excludeSettling } from '../store/pooled-spend.ts'
import { answerChange, type ChangeOptions, type Done } from './change.ts'
import { drawErasedName } from './erased-name.ts'
import { nameIn, wordIn } from './field.ts'
import { onlyValue, queryOf } from './query.ts'
import { type AdminRouteOptions, adminRoute } from './route.ts'

const MODES = ['identity', 'full'] as const

/** Answers 200 also when nothing was there: whether it was is in the counts. */
export function erasePrincipal(options: AdminRouteOptions & ChangeOptions): RouteOptions {
  return adminRoute(options, {
    method: 'DELETE',
    url: '/v1/organizations/principals/:user_id',
    answer: request => {
      const { user_id } = request.params as { user_id: string } // of the route's own path
      const sub = nameIn(user_id, 'user_id')
      const mode = wordIn(onlyValue(queryOf(request), 'mode') ?? 'identity', MODES, 'mode')
      return answerChange(options, { request, work: client => erase(client, request, { sub, mode }) })
    },
  })
}

interface Erasure {
  readonly sub: string
  readonly mode: (typeof MODES)[number]
}

async function erase(client: PoolClient, request: FastifyRequest, { sub, mode }: Erasure): Promise<Done> {
  const name = drawErasedName()
  await excludeSettling(client)
  const rows = mode === 'full' ? await erasePerson(client, sub, name) : await eraseIdentity(client, sub)
  // Whoever erases themselves is gone from what they did as well.
  const isOwn = mode === 'full' && request.administrator.actor === `oidc:${sub}`
  const actor = isOwn ? `oidc:${name}` : request.administrator.actor
  return {
    body: { type: 'principal_erased', mode, rows },
    entry: {
      ...{ actor, action: 'principal.erase', target: name },
      ...{ before: null, after: null, reason: null },
    },
    event: { evt: 'admin.principal.erase', request_id: request.id, actor, target: name, mode },
    isKept: !isOwn,
  }
}
