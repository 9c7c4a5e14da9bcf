// Rows of usage on the wire: the same members, in the same order, as JSON and as CSV.
import { csvRecord } from '../lib/csv.ts'
import { centsText, nanoUsd } from '../spend/money.ts'
import type { UsageGrouping, UsageSum } from '../store/usage-history.ts'

type Cell = string | bigint | null

/** What a row is about, by the name that the wire has for it. */
function subjectOf({ key, name, email }: UsageSum, groupBy: UsageGrouping): Record<string, string | null> {
  switch (groupBy) {
    case 'user':
      return { user_id: key, name, email_address: email }
    case 'group':
      return { rbac_group_id: key === '' ? null : key }
    case 'model':
      return { model: key }
    case 'upstream':
      return { upstream: key }
    case 'day':
      return { day: key }
  }
}

/** Amounts are cents with at most three decimals, and exactly, in billionths of a dollar. */
function membersOf(sum: UsageSum, groupBy: UsageGrouping): Record<string, Cell> {
  return {
    ...subjectOf(sum, groupBy),
    requests: sum.requests,
    aborted_requests: sum.abortedRequests,
    estimated_requests: sum.estimatedRequests,
    input_tokens: sum.inputTokens,
    output_tokens: sum.outputTokens,
    cache_read_tokens: sum.cacheReadTokens,
    cache_write_5m_tokens: sum.cacheWrite5mTokens,
    cache_write_1h_tokens: sum.cacheWrite1hTokens,
    web_search_requests: sum.webSearchRequests,
    currency: 'USD',
    spend_cents: centsText(nanoUsd(sum.nanoUsd)),
    spend_nano_usd: sum.nanoUsd.toString(),
    list_spend_cents: centsText(nanoUsd(sum.listNanoUsd)),
    list_spend_nano_usd: sum.listNanoUsd.toString(),
  }
}

/** Counts are numbers, which no deployment brings beyond what a double holds exactly; amounts stay text. */
export function usageDocument(sum: UsageSum, groupBy: UsageGrouping): object {
  const members = Object.entries(membersOf(sum, groupBy))
  const values = members.map(([name, cell]) => [name, typeof cell === 'bigint' ? Number(cell) : cell])
  return { type: 'usage', ...Object.fromEntries(values) }
}

const NOTHING: UsageSum = {
  ...{ key: '', email: null, name: null, requests: 0n, abortedRequests: 0n, estimatedRequests: 0n },
  ...{ inputTokens: 0n, outputTokens: 0n, cacheReadTokens: 0n, cacheWrite5mTokens: 0n },
  ...{ cacheWrite1hTokens: 0n, webSearchRequests: 0n, nanoUsd: 0n, listNanoUsd: 0n },
}

/** A page as CSV. Only the first has the head, so that pages can be joined. */
export function usageCsv(
  sums: readonly UsageSum[],
  { groupBy, isFirst }: { readonly groupBy: UsageGrouping; readonly isFirst: boolean },
): string {
  const head = isFirst ? csvRecord(Object.keys(membersOf(NOTHING, groupBy))) : ''
  return head + sums.map(sum => csvRecord(Object.values(membersOf(sum, groupBy)))).join('')
}
