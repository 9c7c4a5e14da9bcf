// `GET /v1/organizations/spend_limits/pools`: the shared budgets of groups, and what is spent of them (M-48).
import type { RouteOptions } from 'fastify'
import type { Pool } from 'pg'
import type { Clock } from '../lib/clock.ts'
import { periodsAt } from '../lib/periods.ts'
import type { Sealer } from '../session/seal.ts'
import { centsText, nanoUsd } from '../spend/money.ts'
import { pageOfPools, type Pool as SharedBudget } from '../store/pooled-spend.ts'
import { openPage, sealPage } from './page-token.ts'
import { limitIn, onlyValue, queryOf } from './query.ts'
import { type AdminRouteOptions, adminRoute } from './route.ts'
import { storeAnswer } from './store-answer.ts'

export interface PoolReportOptions extends AdminRouteOptions {
  readonly pool: Pool
  readonly sealer: Sealer
  readonly clock: Clock
}

const DEFAULT_LIMIT = 20
const FILTERS = { report: 'pools' }

/** By the name of the group, of the month that is. */
export function poolReport(options: PoolReportOptions): RouteOptions {
  const { pool, sealer, clock } = options
  return adminRoute(options, {
    method: 'GET',
    url: '/v1/organizations/spend_limits/pools',
    answer: async request => {
      const query = queryOf(request)
      const limit = limitIn(query, DEFAULT_LIMIT)
      const [after = ''] = (await openPage(sealer, onlyValue(query, 'page'), FILTERS)) ?? []
      const month = periodsAt(clock()).monthly
      const found = await storeAnswer(pool, 'read', client =>
        pageOfPools(client, { count: limit + 1, after, month }),
      )
      const page = found.slice(0, limit)
      const last = found[limit] && page.at(-1)
      return {
        body: {
          data: page.map(poolDocument),
          next_page: last ? await sealPage(sealer, [last.group], FILTERS) : null,
        },
      }
    },
  })
}

function poolDocument({ group, limitId, amount, spent }: SharedBudget): object {
  return {
    ...{ type: 'pooled_budget', rbac_group_id: group, spend_limit_id: limitId, amount },
    ...{ currency: 'USD', period: 'monthly', period_to_date_spend: centsText(nanoUsd(BigInt(spent))) },
  }
}
