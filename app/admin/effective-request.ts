// What `GET /v1/organizations/spend_limits/effective` is asked for.
import { PERIODS, type Period } from '../lib/periods.ts'
import { nameIn, textIn, wordIn, wrong } from './field.ts'
import type { Filters } from './page-token.ts'
import { limitIn, onlyValue } from './query.ts'

export interface EffectiveRequest {
  readonly limit: number
  readonly page: string | null
  /** Each once; null: everybody with recorded spend. */
  readonly userIds: readonly string[] | null
  /** At least one, from the shortest on. */
  readonly periods: readonly Period[]
  readonly q: string
  /** The period by whose spend people are ordered; null: by subject. */
  readonly sortedBy: Period | null
}

const DEFAULT_LIMIT = 20
const MAX_USER_IDS = 1000
const MAX_Q_CHARACTERS = 256

/** Reads the query; `user_ids` and `period` without brackets are ignored (M-55). */
export function readEffectiveRequest(query: URLSearchParams): EffectiveRequest {
  const limit = limitIn(query, DEFAULT_LIMIT)
  const ids = query.getAll('user_ids[]').map(id => nameIn(id, 'user_ids[]'))
  if (ids.length > MAX_USER_IDS)
    throw wrong('user_ids[]', `must not stand there more than ${MAX_USER_IDS} times`)
  const named = query.getAll('period[]').map(period => wordIn(period, PERIODS, 'period[]'))
  const periods = PERIODS.filter(period => named.length === 0 || named.includes(period))
  const q = onlyValue(query, 'q') ?? ''
  return {
    ...{ limit, page: onlyValue(query, 'page'), periods },
    userIds: ids.length === 0 ? null : [...new Set(ids)],
    q: textIn(q, { field: 'q', atLeast: 0, atMost: MAX_Q_CHARACTERS }),
    sortedBy: sortIn(query, periods, named),
  }
}

function sortIn(query: URLSearchParams, periods: readonly Period[], named: readonly Period[]): Period | null {
  const sort = onlyValue(query, 'sort')
  if (sort === null) return null
  wordIn(sort, ['spend_desc'], 'sort')
  const [only, ...others] = periods
  if (only === undefined || others.length > 0 || named.length !== 1) {
    throw wrong('sort', 'spend_desc needs exactly one period[]')
  }
  return only
}

/** What a page token belongs to: everything but the size of a page. */
export function filtersOf({ userIds, periods, q, sortedBy }: EffectiveRequest): Filters {
  return { report: 'effective', userIds, periods, q, sortedBy }
}
