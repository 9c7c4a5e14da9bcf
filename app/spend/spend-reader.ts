// Asks the store where somebody stands, and leaves it alone for a while after it failed (M-12).
import type { Identity } from '../identity/identity.ts'
import type { Clock } from '../lib/clock.ts'
import type { Periods } from '../lib/periods.ts'
import type { SharedConnection } from '../store/shared-connection.ts'
import { type LimitRow, readSpend, type SpentRow } from '../store/spend-gate.ts'
import type { CapRow } from './caps.ts'
import { type NanoUsd, nanoUsd } from './money.ts'
import type { Pool, Standing } from './verdict.ts'

export interface SpendReaderOptions {
  readonly connection: Pick<SharedConnection, 'rows'>
  /** A clock that only goes forward. */
  readonly clock: Clock
}

/** Where somebody stands, or why that cannot be said. */
export type Reading =
  | { readonly kind: 'read'; readonly standing: Standing }
  | { readonly kind: 'unreadable'; readonly cause: string }

/** After a failure nobody waits for the store for so long. */
const REST_MS = 5000

export class SpendReader {
  readonly #options: SpendReaderOptions
  #restsUntil: number | null = null
  #last: Reading = { kind: 'unreadable', cause: '' }

  constructor(options: SpendReaderOptions) {
    this.#options = options
  }

  /** Never rejects; answers within the connection's deadline. Nothing is remembered. */
  async read({ sub, groups = [] }: Pick<Identity, 'sub' | 'groups'>, periods: Periods): Promise<Reading> {
    const { connection, clock } = this.#options
    if (this.#restsUntil !== null && clock() < this.#restsUntil) return this.#last
    const { daily, weekly, monthly } = periods
    try {
      const rows = await readSpend(connection, {
        ...{ principal: sub, groups, day: daily.key, week: weekly.key, month: monthly.key },
      })
      return { kind: 'read', standing: standingOf(rows, periods) }
    } catch (error) {
      this.#restsUntil = clock() + REST_MS
      this.#last = { kind: 'unreadable', cause: error instanceof Error ? error.message : String(error) }
      return this.#last
    }
  }
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
