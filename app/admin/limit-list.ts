// Caps are read: `GET /v1/organizations/spend_limits` and `GET …/{id}`.
import type { RouteOptions } from 'fastify'
import type { Pool } from 'pg'
import { findLimit, pageOfLimits } from '../store/spend-limits.ts'
import { wordIn, wrong } from './field.ts'
import { isLimitId, limitIdOf, unknownLimit } from './limit-change.ts'
import { limitDocument } from './limit-document.ts'
import { SCOPE_TYPES } from './limit-request.ts'
import { limitIn, onlyValue, queryOf } from './query.ts'
import { type AdminRouteOptions, adminRoute } from './route.ts'
import { storeAnswer } from './store-answer.ts'

export interface LimitListOptions extends AdminRouteOptions {
  readonly pool: Pool
}

const DEFAULT_LIMIT = 20

/** Oldest first; `has_more` speaks of the direction in which the caller walks (M-54). */
export function listLimits(options: LimitListOptions): RouteOptions {
  return adminRoute(options, {
    method: 'GET',
    url: '/v1/organizations/spend_limits',
    answer: async request => {
      const { limit, scopeType, cursor } = readListQuery(queryOf(request))
      const found = await storeAnswer(options.pool, 'read', async client => {
        if (cursor !== null && (await findLimit(client, cursor.id)) === null) throw unknownCursor(cursor)
        return pageOfLimits(client, { count: limit + 1, scopeType, cursor })
      })
      const page = found.slice(0, limit)
      if (cursor?.direction === 'before') page.reverse()
      return {
        body: {
          ...{ data: page.map(limitDocument), has_more: found.length > limit },
          ...{ first_id: page.at(0)?.id ?? null, last_id: page.at(-1)?.id ?? null },
        },
      }
    },
  })
}

export function showLimit(options: LimitListOptions): RouteOptions {
  return adminRoute(options, {
    method: 'GET',
    url: '/v1/organizations/spend_limits/:id',
    answer: async request => {
      const id = limitIdOf(request)
      const limit = id && (await storeAnswer(options.pool, 'read', client => findLimit(client, id)))
      if (!limit) throw unknownLimit()
      return { body: limitDocument(limit) }
    },
  })
}

interface Cursor {
  readonly id: string
  readonly direction: 'after' | 'before'
}

function readListQuery(query: URLSearchParams) {
  const limit = limitIn(query, DEFAULT_LIMIT)
  const [after, before] = [onlyValue(query, 'after_id'), onlyValue(query, 'before_id')]
  if (after !== null && before !== null) throw wrong('before_id', 'must not stand beside after_id')
  const scopeType = onlyValue(query, 'scope_type')
  return {
    limit,
    scopeType: scopeType === null ? null : wordIn(scopeType, SCOPE_TYPES, 'scope_type'),
    cursor: cursorOf(after, 'after') ?? cursorOf(before, 'before'),
  }
}

function cursorOf(id: string | null, direction: Cursor['direction']): Cursor | null {
  if (id === null) return null
  const cursor = { id, direction }
  if (!isLimitId(id)) throw unknownCursor(cursor)
  return cursor
}

function unknownCursor({ direction }: Cursor) {
  return wrong(`${direction}_id`, 'is not the id of a spend limit')
}
