// Deletes what has expired. No answer depends on it: every reader of state compares `expires_at` itself.

import type pg from 'pg'
import type { Clock } from '../lib/clock.ts'
import { createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import type { StoreObserver } from './observer.ts'
import { inTransaction } from './transaction.ts'

export interface SweeperOptions {
  readonly pool: pg.Pool
  readonly log: Log
  readonly clock: Clock
  /** How many days after their last sign of activity people are forgotten. */
  readonly identityDays: number
  /** Null, the default, when nobody measures. */
  readonly observer?: Pick<StoreObserver, 'swept'> | null
  /** The machine's timer by default. */
  readonly every?: Every | undefined
}

/** Calls `tick`, which never rejects, every `ms` until the returned function is called. */
export type Every = (ms: number, tick: () => Promise<void>) => () => void

export interface Sweeper {
  /** Resolves when nothing is being deleted any more. */
  stop(): Promise<void>
}

interface Sweep {
  readonly table: string
  /** Deletes at most $1 rows. */
  readonly text: string
  /** $2, where the age is the operator's to say. */
  readonly days?: number
}

const BATCH = 1000

// A sweep that cannot keep up goes on at the next tick, so that the lock is not held for ever.
const MAX_BATCHES = 100

// Any number that no other program of the database takes.
const LOCK = 4_718_502_117

// State of sign-ins under way, which lives for minutes.
const SHORT_LIVED: readonly Sweep[] = [
  {
    table: 'device_grants',
    text: `
      delete from device_grants where ctid = any (array(
        select ctid from device_grants where expires_at <= now() limit $1))`,
  },
  {
    table: 'claimed_states',
    text: `
      delete from claimed_states where ctid = any (array(
        select ctid from claimed_states where expires_at <= now() limit $1))`,
  },
  {
    table: 'rate_windows',
    text: `
      delete from rate_windows where ctid = any (array(
        select ctid from rate_windows where expires_at <= now() limit $1))`,
  },
]

// State of sessions, which lives for days.
const LONG_LIVED: readonly Sweep[] = [
  {
    table: 'session_refresh',
    text: `
      delete from session_refresh where ctid = any (array(
        select ctid from session_refresh where expires_at <= now() limit $1))`,
  },
  {
    table: 'revoked_sessions',
    text: `
      delete from revoked_sessions where ctid = any (array(
        select ctid from revoked_sessions where expires_at <= now() limit $1))`,
  },
  {
    table: 'settings_checksums',
    text: `
      delete from settings_checksums where ctid = any (array(
        select ctid from settings_checksums where served_at <= now() - interval '24 hours' limit $1))`,
  },
  {
    // A day is the longest that `gatehouse.google_groups.stale_seconds` allows.
    table: 'google_group_cache',
    text: `
      delete from google_group_cache where ctid = any (array(
        select ctid from google_group_cache where fetched_at <= now() - interval '1 day' limit $1))`,
  },
]

/** Who was not seen for so many days, counted in whole days of UTC (M-61); somebody seen meanwhile stays. */
function longUnseen(days: number): Sweep {
  return {
    table: 'principal_emails',
    text: `
      with cut as (select (date_trunc('day', now() at time zone 'utc') - make_interval(days => $2))
                          at time zone 'utc' as at)
      delete from principal_emails
       where principal = any (array(
               select principal from principal_emails where updated_at < (select at from cut) limit $1))
         and updated_at < (select at from cut)`,
    days,
  }
}

/** Starts the loops: every 30 seconds what lives for minutes, every hour what lives for days. */
export function startSweeper(options: SweeperOptions): Sweeper {
  const longLived = [...LONG_LIVED, longUnseen(options.identityDays)]
  const loops = [startLoop(SHORT_LIVED, 30_000, options), startLoop(longLived, 3_600_000, options)]
  return {
    async stop() {
      await Promise.all(loops.map(loop => loop.stop()))
    },
  }
}

function startLoop(sweeps: readonly Sweep[], ms: number, options: SweeperOptions): Sweeper {
  const { pool, log, clock, every = machineTimer, observer = null } = options
  const failing = createCondition({ log, clock, text: 'expired rows cannot be deleted' })
  let running: Promise<void> | null = null
  let isStopped = false
  const sweepAll = async () => {
    try {
      for (const sweep of sweeps) {
        await sweepTable(pool, sweep, { isStopped: () => isStopped, observer })
      }
      failing.ended()
    } catch (error) {
      if (!isStopped) failing.occurred({ cause: error instanceof Error ? error.message : String(error) })
    }
    running = null
  }
  const end = every(ms, () => {
    running ??= sweepAll()
    return running
  })
  return {
    async stop() {
      isStopped = true
      end()
      await running
    },
  }
}

interface Sweeping {
  readonly isStopped: () => boolean
  readonly observer: Pick<StoreObserver, 'swept'> | null
}

async function sweepTable(pool: pg.Pool, sweep: Sweep, { isStopped, observer }: Sweeping): Promise<void> {
  for (let batch = 0; batch < MAX_BATCHES && !isStopped(); batch += 1) {
    const rows = await sweepBatch(pool, sweep)
    observer?.swept(sweep.table, rows)
    if (rows < BATCH) return
  }
}

/** Deletes one batch, unless another replica is sweeping; returns how many rows are gone. */
async function sweepBatch(pool: pg.Pool, { table, text, days }: Sweep): Promise<number> {
  return inTransaction(pool, async client => {
    const { rows } = await client.query<{ held: boolean }>({
      name: 'sweep_lock',
      text: `select pg_try_advisory_xact_lock($1) as held`,
      values: [LOCK],
    })
    if (!rows[0]?.held) return 0
    const { rowCount } = await client.query({
      name: `sweep_${table}`,
      text,
      values: days === undefined ? [BATCH] : [BATCH, days],
    })
    return rowCount ?? 0
  })
}

/** Ticks by the machine's clock, and keeps no process alive. */
export const machineTimer: Every = (ms, tick) => {
  const timer = setInterval(tick, ms)
  timer.unref()
  return () => clearInterval(timer)
}
