// Days, ISO weeks and months in UTC: the keys under which spend is counted (M-4).

export type Period = 'daily' | 'weekly' | 'monthly'

/** From the shortest to the longest, which is their order wherever they are listed. */
export const PERIODS: readonly Period[] = ['daily', 'weekly', 'monthly']

/** One day, week or month. Times are milliseconds since 1970. */
export interface PeriodSpan {
  readonly period: Period
  /** `2026-11-22`, `2026-W47` or `2026-11`. */
  readonly key: string
  readonly startsAt: number
  /** The first moment of the next one. */
  readonly endsAt: number
}

/** The three that a moment belongs to. */
export type Periods = Readonly<Record<Period, PeriodSpan>>

const DAY_MS = 86_400_000

/** The periods of `now`, in milliseconds since 1970. */
export function periodsAt(now: number): Periods {
  const day = Math.floor(now / DAY_MS)
  const date = new Date(now)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const monday = day - weekdayOf(day)
  return {
    daily: span('daily', dayKey(day), day * DAY_MS, (day + 1) * DAY_MS),
    weekly: span('weekly', weekKey(monday), monday * DAY_MS, (monday + 7) * DAY_MS),
    monthly: span('monthly', dayKey(day).slice(0, 7), Date.UTC(year, month), Date.UTC(year, month + 1)),
  }
}

/** The kind of period that a key is one of. */
export function periodOf(key: string): Period {
  if (key.includes('W')) return 'weekly'
  return key.length === '2026-11'.length ? 'monthly' : 'daily'
}

function span(period: Period, key: string, startsAt: number, endsAt: number): PeriodSpan {
  return { period, key, startsAt, endsAt }
}

/** Monday is 0; 1970-01-01 was a Thursday. */
function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7
}

function dayKey(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** A week belongs to the year of its Thursday (ISO 8601). */
function weekKey(monday: number): string {
  const year = new Date((monday + 3) * DAY_MS).getUTCFullYear()
  const january4 = Date.UTC(year, 0, 4) / DAY_MS
  const first = january4 - weekdayOf(january4)
  return `${year}-W${String((monday - first) / 7 + 1).padStart(2, '0')}`
}
