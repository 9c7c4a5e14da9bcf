// What was used and spent in days that are over or still run, summed for reports (M-60).
import type { Pool, PoolClient } from 'pg'

/** What a row of a report stands for. */
export type UsageGrouping = 'user' | 'group' | 'model' | 'upstream' | 'day'

export interface UsageQuestion {
  /** First and last day, `2026-11-22`, both included; days are UTC's. */
  readonly from: string
  readonly to: string
  readonly groupBy: UsageGrouping
  /** The key that the page before ended with; null for the first page. */
  readonly after: string | null
  /** Rows of a page. */
  readonly limit: number
}

/** What was used under one key. */
export interface UsageSum {
  /** A subject, a group, a model, an upstream or a day; empty for the usage of people without any group. */
  readonly key: string
  /** Who the subject was last seen as; null for other keys, and for who is not remembered. */
  readonly email: string | null
  readonly name: string | null
  readonly requests: bigint
  readonly abortedRequests: bigint
  readonly estimatedRequests: bigint
  readonly inputTokens: bigint
  readonly outputTokens: bigint
  readonly cacheReadTokens: bigint
  readonly cacheWrite5mTokens: bigint
  readonly cacheWrite1hTokens: bigint
  readonly webSearchRequests: bigint
  /** Billionths of a US dollar: what was charged, and the same at list price. */
  readonly nanoUsd: bigint
  readonly listNanoUsd: bigint
}

export interface UsagePage {
  readonly rows: readonly UsageSum[]
  /** What the next page comes after; null for the last page. */
  readonly next: string | null
}

/**
 * One page, ascending by key (bytes). Under `group`, who is in two groups counts in each of them, by the groups of the
 * day of use; under every other key all rows together are all that was spent.
 */
export async function usageHistory(database: Pool | PoolClient, question: UsageQuestion): Promise<UsagePage> {
  const { from, to, groupBy, after, limit } = question
  const { rows } = await database.query<SumRow>(
    groupBy === 'group'
      ? { ...BY_GROUP, values: [from, to, after, limit + 1] }
      : { ...BY_COLUMN, values: [from, to, after, limit + 1, groupBy] },
  )
  const page = rows.slice(0, limit).map(readRow)
  return { rows: page, next: rows.length > limit ? (page.at(-1)?.key ?? null) : null }
}

const SUMMED = [
  ...['requests', 'aborted_requests', 'estimated_requests', 'input_tokens', 'output_tokens'],
  ...['cache_read_tokens', 'cache_write_5m_tokens', 'cache_write_1h_tokens', 'web_search_requests'],
  ...['nano_usd', 'list_nano_usd'],
]
const SUMS = SUMMED.map(column => `sum(${column}) as ${column}`).join(', ')

// Without names, unlike other statements: a plan that is kept would have to fit every grouping and range, and fits none.

/** Days become text once they are summed: as text there would be one per row. */
const BY_COLUMN = {
  text: `
    with summed as (
      select case $5::text when 'user' then principal when 'model' then model when 'upstream' then upstream end as word,
             case $5::text when 'day' then day end as day,
             ${SUMS}
        from usage_daily
       where usage_daily.day between $1::date and $2::date
       group by 1, 2),
    keyed as (
      select coalesce(word, to_char(day, 'YYYY-MM-DD')) collate "C" as key, summed.* from summed)
    select keyed.*, seen.email, seen.name
      from keyed
      left join principal_emails seen on $5::text = 'user' and seen.principal = keyed.key
     where $3::text is null or keyed.key > $3::text
     order by keyed.key
     limit $4`,
} as const

/** Sums by the lists of groups first: there are few of them, and days many. */
const BY_GROUP = {
  text: `
    with listed as (
      select coalesce(member.groups, '[]') as groups,
             ${SUMS}
        from usage_daily used
        left join principal_groups member
          on member.day = used.day and member.principal = used.principal
             and member.day between $1::date and $2::date -- the planner does not see that this follows
       where used.day between $1::date and $2::date
       group by coalesce(member.groups, '[]'))
    select coalesce(named.key, '') as key, null as email, null as name,
           ${SUMS}
      from listed
      left join lateral (
        select distinct entry collate "C" as key from jsonb_array_elements_text(listed.groups) as entry
      ) named on true
     where $3::text is null or coalesce(named.key, '') collate "C" > $3::text
     group by coalesce(named.key, '')
     order by coalesce(named.key, '')
     limit $4`,
} as const

/** Sums of bigint are numeric, and leave Postgres as text. */
interface SumRow {
  key: string
  email: string | null
  name: string | null
  requests: string
  aborted_requests: string
  estimated_requests: string
  input_tokens: string
  output_tokens: string
  cache_read_tokens: string
  cache_write_5m_tokens: string
  cache_write_1h_tokens: string
  web_search_requests: string
  nano_usd: string
  list_nano_usd: string
}

function readRow(row: SumRow): UsageSum {
  return {
    ...{ key: row.key, email: row.email, name: row.name },
    requests: BigInt(row.requests),
    abortedRequests: BigInt(row.aborted_requests),
    estimatedRequests: BigInt(row.estimated_requests),
    inputTokens: BigInt(row.input_tokens),
    outputTokens: BigInt(row.output_tokens),
    cacheReadTokens: BigInt(row.cache_read_tokens),
    cacheWrite5mTokens: BigInt(row.cache_write_5m_tokens),
    cacheWrite1hTokens: BigInt(row.cache_write_1h_tokens),
    webSearchRequests: BigInt(row.web_search_requests),
    nanoUsd: BigInt(row.nano_usd),
    listNanoUsd: BigInt(row.list_nano_usd),
  }
}
