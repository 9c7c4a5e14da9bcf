// `GET /v1/organizations/usage`: what was used and spent in a range of days (ours; read keys suffice).
import type { RouteOptions } from 'fastify'
import type { Pool } from 'pg'
import { Refusal } from '../http/errors.ts'
import type { Sealer } from '../session/seal.ts'
import { inBoundedTransaction, isOutage } from '../store/bounded-transaction.ts'
import { type UsagePage, type UsageQuestion, usageHistory } from '../store/usage-history.ts'
import { openPage, sealPage } from './page-token.ts'
import { queryOf } from './query.ts'
import { ReportSlots } from './report-slots.ts'
import { type AdminRouteOptions, adminRoute } from './route.ts'
import { usageCsv, usageDocument } from './usage-document.ts'
import { filtersOf, readUsageRequest } from './usage-request.ts'

export interface UsageOptions extends AdminRouteOptions {
  readonly pool: Pool
  readonly sealer: Sealer
}

/** A report reads months of rows: it may take longer than other calls, and fewer may run together. */
const REPORT_MS = 8000

/** One page, as `{"data","next_page"}` or as CSV with the next page's token in a header. */
export function usageReport(options: UsageOptions): RouteOptions {
  const { pool, sealer } = options
  const slots = new ReportSlots()
  return adminRoute(options, {
    method: 'GET',
    url: '/v1/organizations/usage',
    answer: async request => {
      const asked = readUsageRequest(queryOf(request))
      const filters = filtersOf(asked)
      const [after = null] = (await openPage(sealer, asked.page, filters)) ?? []
      const { rows, next } = await slots.run(() => read(pool, { ...asked, after }))
      const token = next === null ? null : await sealPage(sealer, [next], filters)
      const { groupBy, format } = asked
      if (format === 'json') {
        return { body: { data: rows.map(row => usageDocument(row, groupBy)), next_page: token } }
      }
      return {
        body: usageCsv(rows, { groupBy, isFirst: asked.page === null }),
        type: 'text/csv; charset=utf-8',
        ...(token !== null && { headers: { 'x-gatehouse-next-page': token } }),
      }
    },
  })
}

async function read(pool: Pool, question: UsageQuestion): Promise<UsagePage> {
  try {
    const bound = { ms: REPORT_MS, isReadOnly: true }
    return await inBoundedTransaction(pool, bound, client => usageHistory(client, question))
  } catch (cause) {
    if (!isOutage(cause)) throw cause
    throw new Refusal(
      'store_unavailable',
      'the store does not answer in time: ask for fewer days, or try again',
      { cause },
    )
  }
}
