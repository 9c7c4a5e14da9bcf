// `GET /v1/organizations/spend_limits/audit`: who changed what, newest first (M-58).
import type { RouteOptions } from 'fastify'
import type { Pool } from 'pg'
import { pageOfAudit } from '../store/admin-audit.ts'
import { wrong } from './field.ts'
import { auditDocument } from './limit-document.ts'
import { limitIn, onlyValue, queryOf } from './query.ts'
import { type AdminRouteOptions, adminRoute } from './route.ts'
import { storeAnswer } from './store-answer.ts'

export interface AuditTrailOptions extends AdminRouteOptions {
  readonly pool: Pool
}

const DEFAULT_LIMIT = 100

export function auditTrail(options: AuditTrailOptions): RouteOptions {
  return adminRoute(options, {
    method: 'GET',
    url: '/v1/organizations/spend_limits/audit',
    answer: async request => {
      const query = queryOf(request)
      const limit = limitIn(query, DEFAULT_LIMIT)
      const before = afterIdIn(query)
      const found = await storeAnswer(options.pool, 'read', client =>
        pageOfAudit(client, { count: limit + 1, before }),
      )
      const page = found.slice(0, limit)
      return {
        body: {
          ...{ data: page.map(auditDocument), has_more: found.length > limit },
          ...{ first_id: page.at(0)?.id ?? null, last_id: page.at(-1)?.id ?? null },
        },
      }
    },
  })
}

/** The id after which, downwards, the page begins. */
function afterIdIn(query: URLSearchParams): string | null {
  const value = onlyValue(query, 'after_id')
  if (value !== null && !/^\d{1,18}$/.test(value)) throw wrong('after_id', 'must be a whole number')
  return value
}
