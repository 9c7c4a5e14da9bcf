// Asks the store where somebody stands, and leaves it alone for a while after it failed (M-12).
import type { Identity } from '../identity/identity.ts'
import type { Clock } from '../lib/clock.ts'
import type { Periods } from '../lib/periods.ts'
import type { SharedConnection } from '../store/shared-connection.ts'
import { type LimitRow, readSpend, type SpentRow } from '../store/spend-gate.ts'
import type { Reserved } from '../store/spend-holds.ts'
import type { CapRow } from './caps.ts'
import { type NanoUsd, nanoUsd } from './money.ts'
import type { Reservations } from './reservations.ts'
import type { Pool, Standing } from './verdict.ts'

export interface SpendReaderOptions {
  readonly connection: Pick<SharedConnection, 'rows'>
  /** Null, the default, where nothing is reserved. */
  readonly reservations?: Pick<Reservations, 'take'> | null
  /** A clock that only goes forward. */
  readonly clock: Clock
}

/** Where somebody stands, or why that cannot be said. */
export type Reading = { readonly kind: 'read'; readonly standing: Standing } | Unreadable

interface Unreadable {
  readonly kind: 'unreadable'
  readonly cause: string
}

/** What a request may cost, under the id that it has when it is charged. */
export interface Wish {
  readonly entryId: string
  readonly estimate: NanoUsd
}

/** Where somebody stood, and what became of the wish. */
export interface Reservation {
  readonly reading: Reading
  readonly hold: Hold
}

export type Hold =
  | { readonly kind: 'none' | 'taken' }
  /** By this bound, unless one is spent, which says more. */
  | { readonly kind: 'refused'; readonly lacking: NonNullable<Reserved['lacking']> }
  /** The store was asked, and nobody knows what it did. */
  | { readonly kind: 'unknown' }

/** After a failure nobody waits for the store for so long. */
const REST_MS = 5000

export class SpendReader {
  readonly #options: SpendReaderOptions
  #restsUntil: number | null = null
  #last: Unreadable = { kind: 'unreadable', cause: '' }

  constructor(options: SpendReaderOptions) {
    this.#options = options
  }

  /** Never rejects; answers within the connection's deadline. Nothing is remembered. */
  async read({ sub, groups = [] }: Spender, periods: Periods): Promise<Reading> {
    if (this.#isResting()) return this.#last
    const { daily, weekly, monthly } = periods
    try {
      const rows = await readSpend(this.#options.connection, {
        ...{ principal: sub, groups, day: daily.key, week: weekly.key, month: monthly.key },
      })
      return { kind: 'read', standing: standingOf(rows, periods) }
    } catch (error) {
      return this.#failed(error)
    }
  }

  /** As `read`, and holds what the request may cost where that fits. Only for a reader with `reservations`. */
  async reserve({ sub, groups = [] }: Spender, periods: Periods, wish: Wish): Promise<Reservation> {
    const { reservations } = this.#options
    if (reservations == null || this.#isResting()) return { reading: this.#last, hold: { kind: 'none' } }
    const { daily, weekly, monthly } = periods
    try {
      const { standing, lacking } = await reservations.take({
        ...{ entry_id: wish.entryId, principal: sub, groups, nano_usd: wish.estimate.toString() },
        ...{ day: daily.key, week: weekly.key, month: monthly.key },
        ...{ week_start: dateText(weekly.startsAt), month_start: dateText(monthly.startsAt) },
      })
      return {
        reading: { kind: 'read', standing: standingOf(standing, periods) },
        hold: lacking === null ? { kind: 'taken' } : { kind: 'refused', lacking },
      }
    } catch (error) {
      return { reading: this.#failed(error), hold: { kind: 'unknown' } }
    }
  }

  #isResting(): boolean {
    return this.#restsUntil !== null && this.#options.clock() < this.#restsUntil
  }

  #failed(error: unknown): Unreadable {
    this.#restsUntil = this.#options.clock() + REST_MS
    this.#last = { kind: 'unreadable', cause: error instanceof Error ? error.message : String(error) }
    return this.#last
  }
}

type Spender = Pick<Identity, 'sub' | 'groups'>

/** `2026-11-22` */
function dateText(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

function standingOf(rows: readonly (LimitRow | SpentRow)[], { daily, weekly, monthly }: Periods): Standing {
  const caps: CapRow[] = []
  const pools: Pool[] = []
  const spent = new Map<string, NanoUsd>()
  for (const row of rows) {
    if (row.kind === 'spent') spent.set(row.period, nanoUsd(BigInt(row.amount)))
    else {
      caps.push(capRowOf(row))
      if (row.poolAmount !== null) pools.push(poolOf(row, row.poolAmount))
    }
  }
  const of = (key: string) => spent.get(key) ?? nanoUsd(0n)
  return {
    rows: caps,
    pools,
    spent: { daily: of(daily.key), weekly: of(weekly.key), monthly: of(monthly.key) },
  }
}

function capRowOf({ kind, scopeId, period, limitId, amount }: LimitRow): CapRow {
  return { limitId, scope: kind, scopeId, period, cents: amount === null ? null : BigInt(amount) }
}

function poolOf({ scopeId, poolSpent }: LimitRow, amount: string): Pool {
  return { group: scopeId, cents: BigInt(amount), spent: nanoUsd(BigInt(poolSpent ?? 0)) }
}
