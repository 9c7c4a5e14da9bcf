// The one connection that asks what developers have spent, and reserves where that is configured.
import type { Pool } from 'pg'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { Reservations } from '../spend/reservations.ts'
import { SpendReader } from '../spend/spend-reader.ts'
import { SharedConnection } from '../store/shared-connection.ts'

export interface OpenSpendReaderOptions {
  readonly config: Pick<Config, 'admin' | 'gatehouse'>
  /** Of one connection; null without `admin`. */
  readonly pool: Pool | null
  /** A clock that only goes forward. */
  readonly monotonic: Clock
  /** Takes what closes the connection. */
  readonly opening: AsyncDisposableStack
}

/** How long a request waits to be told what its developer has spent, in all (M-11). */
const SPEND_MS = 2000

/** Null without `admin`. */
export function openSpendReader(options: OpenSpendReaderOptions): SpendReader | null {
  const { config, pool, monotonic: clock, opening } = options
  const { admin, gatehouse } = config
  if (pool === null || admin === undefined) return null
  const connection = new SharedConnection({ pool, deadlineMs: SPEND_MS, clock })
  opening.defer(() => connection.close())
  const groupLimitMode = admin.group_limit_mode
  const reservations = gatehouse.spend.reserve
    ? new Reservations({ connection, groupLimitMode, deadlineMs: SPEND_MS })
    : null
  return new SpendReader({ connection, reservations, clock })
}
