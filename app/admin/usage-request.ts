// What `GET /v1/organizations/usage` is asked for.
import { daysBetween, isDay } from '../lib/day.ts'
import type { UsageGrouping } from '../store/usage-history.ts'
import { wordIn, wrong } from './field.ts'
import type { Filters } from './page-token.ts'
import { limitIn, onlyValue } from './query.ts'

export interface UsageRequest {
  /** First and last day, both included. */
  readonly from: string
  readonly to: string
  readonly groupBy: UsageGrouping
  readonly format: 'json' | 'csv'
  readonly limit: number
  readonly page: string | null
}

const GROUPINGS: readonly UsageGrouping[] = ['user', 'group', 'model', 'upstream', 'day']
const FORMATS = ['json', 'csv'] as const

/** Thirteen months, which is how long usage is kept by default. */
const MAX_DAYS = 400

const DEFAULT_LIMIT = 1000

/** Reads the query; the first problem is refused. */
export function readUsageRequest(query: URLSearchParams): UsageRequest {
  const [from, to] = [dayIn(query, 'from'), dayIn(query, 'to')]
  const days = daysBetween(from, to)
  if (days < 1) throw wrong('to', 'must not be before from')
  if (days > MAX_DAYS) throw wrong('to', `makes more than ${MAX_DAYS} days: ask for fewer at a time`)
  return {
    ...{ from, to, groupBy: wordIn(onlyValue(query, 'group_by'), GROUPINGS, 'group_by') },
    format: wordIn(onlyValue(query, 'format') ?? 'json', FORMATS, 'format'),
    ...{ limit: limitIn(query, DEFAULT_LIMIT), page: onlyValue(query, 'page') },
  }
}

function dayIn(query: URLSearchParams, name: string): string {
  const day = onlyValue(query, name)
  if (day === null || !isDay(day)) throw wrong(name, 'must be a day such as 2026-11-01')
  return day
}

/** What a page token belongs to: everything but the form of a page. */
export function filtersOf({ from, to, groupBy }: UsageRequest): Filters {
  return { report: 'usage', from, to, groupBy }
}
