// What one metered request is recorded as: who, when, what was used, and what it costs.
import { z } from 'zod'
import type { Identity } from '../identity/identity.ts'
import { periodsAt } from '../lib/periods.ts'
import { storableNames } from '../store/storable.ts'
import type { NanoUsd } from './money.ts'
import type { Usage } from './pricing.ts'

/** The request that is charged, as the gate admitted it. */
export interface Charged {
  readonly entryId: string
  /** Milliseconds since 1970: the moment that says which day, week and month pay. */
  readonly admittedAt: number
  readonly identity: Pick<Identity, 'sub' | 'groups'>
}

/** What was used, and how the answer ended. */
export interface Metered extends Usage {
  readonly upstream: string
  readonly estimated: boolean
  readonly aborted: boolean
  /** Absent for none. */
  readonly billing_group?: string
}

/** What it costs by the configuration, and by the list alone (M-60). */
export interface Costs {
  readonly amount: NanoUsd
  readonly list: NanoUsd
}

const AMOUNT = z.string().regex(/^\d{1,19}$/)
const DATE = z.string().regex(/^\d{4}-\d{2}-\d{2}$/)
const NAME = z.string().min(1).max(256)

const Entry = z.object({
  entry_id: z.uuid({ version: 'v7' }),
  admitted_at: z.iso.datetime(),
  principal: NAME,
  groups: z.array(z.string()),
  day: DATE,
  week: z.string(),
  month: z.string(),
  week_start: DATE,
  month_start: DATE,
  model: NAME,
  upstream: NAME,
  billing_group: z.string().max(256),
  input_tokens: AMOUNT,
  output_tokens: AMOUNT,
  cache_read_tokens: AMOUNT,
  cache_write_5m_tokens: AMOUNT,
  cache_write_1h_tokens: AMOUNT,
  web_search_requests: AMOUNT,
  nano_usd: AMOUNT,
  list_nano_usd: AMOUNT,
  estimated: z.boolean(),
  aborted: z.boolean(),
})

/** One entry, as the database takes it and as the audit writes it down where it cannot be stored. */
export type Entry = Readonly<z.infer<typeof Entry>>

/** The entry of `record`; `model` is the catalogue's id. Names of the identity provider's are made fit for the database. */
export function entryOf(
  charged: Charged,
  record: Metered,
  { costs, model }: { costs: Costs; model: string },
): Entry {
  const sum = (kind: 'input' | 'output' | 'cache_read' | 'cache_write_5m' | 'cache_write_1h') =>
    record.parts.reduce((total, part) => total + BigInt(part[kind]), 0n).toString()
  return {
    entry_id: charged.entryId,
    principal: charged.identity.sub.toWellFormed(),
    groups: storableNames(charged.identity.groups ?? []),
    ...timesOf(charged.admittedAt),
    model,
    upstream: record.upstream,
    billing_group: storableNames([record.billing_group ?? ''])[0] ?? '',
    input_tokens: sum('input'),
    output_tokens: sum('output'),
    cache_read_tokens: sum('cache_read'),
    cache_write_5m_tokens: sum('cache_write_5m'),
    cache_write_1h_tokens: sum('cache_write_1h'),
    web_search_requests: BigInt(record.web_searches).toString(),
    nano_usd: costs.amount.toString(),
    list_nano_usd: costs.list.toString(),
    estimated: record.estimated,
    aborted: record.aborted,
  }
}

type Times = Pick<Entry, 'admitted_at' | 'day' | 'week' | 'month' | 'week_start' | 'month_start'>

function timesOf(admittedAt: number): Times {
  const { daily, weekly, monthly } = periodsAt(admittedAt)
  return {
    admitted_at: new Date(admittedAt).toISOString(),
    day: daily.key,
    week: weekly.key,
    month: monthly.key,
    week_start: dateOf(weekly.startsAt),
    month_start: dateOf(monthly.startsAt),
  }
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** The entry in `value`, whatever else stands beside its members; a text says what is wrong. */
export function readEntry(value: unknown): Entry | string {
  const read = Entry.safeParse(value)
  if (!read.success) {
    const field = read.error.issues[0]?.path[0]
    return field === undefined ? 'it is no entry' : `${String(field)} is not that of an entry`
  }
  const times = timesOf(Date.parse(read.data.admitted_at))
  const wrong = (['day', 'week', 'month', 'week_start', 'month_start'] as const).find(
    name => read.data[name] !== times[name],
  )
  return wrong === undefined ? read.data : `${wrong} is not that of admitted_at`
}
