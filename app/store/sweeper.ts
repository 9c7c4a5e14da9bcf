// Deletes what has expired. No answer depends on it: every reader of state compares `expires_at` itself.
import type pg from 'pg'
import type { Clock } from '../lib/clock.ts'
import { createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import type { StoreObserver } from './observer.ts'
import { longLived, type Retention, SHORT_LIVED, type Sweep } from './sweeps.ts'
import { inTransaction } from './transaction.ts'

export interface SweeperOptions {
  readonly pool: pg.Pool
  readonly log: Log
  readonly clock: Clock
  readonly retention: Retention
  /** Null, the default, when nobody measures. */
  readonly observer?: SweepObserver | null
  /** The machine's timer by default. */
  readonly every?: Every | undefined
}

type SweepObserver = Pick<StoreObserver, 'swept' | 'sweepFailed'>

/** Calls `tick`, which never rejects, every `ms` until the returned function is called. */
export type Every = (ms: number, tick: () => Promise<void>) => () => void

export interface Sweeper {
  /** Resolves when nothing is being deleted any more. */
  stop(): Promise<void>
}

const BATCH = 1000

// A sweep that cannot keep up goes on at the next tick, so that others have their turn. A million rows an hour is more
// than the entries of 20 million requests a day.
const MAX_BATCHES = 1000

// Any number that no other program of the database takes.
const LOCK = 4_718_502_117

/** Starts the loops: every 30 seconds what lives for minutes, every hour what lives for days. */
export function startSweeper(options: SweeperOptions): Sweeper {
  const loops = [
    startLoop(SHORT_LIVED, 30_000, options),
    startLoop(longLived(options.retention), 3_600_000, options),
  ]
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
  /** Reports whether it went well; a table that fails keeps no other from being swept. */
  const succeeds = async (sweep: Sweep) => {
    try {
      await sweepTable(pool, sweep, { isStopped: () => isStopped, observer })
      return true
    } catch (error) {
      if (isStopped) return false
      observer?.sweepFailed(sweep.table)
      const cause = error instanceof Error ? error.message : String(error)
      failing.occurred({ table: sweep.table, cause })
      return false
    }
  }
  const sweepAll = async () => {
    let failures = 0
    for (const sweep of sweeps) {
      if (!(await succeeds(sweep))) failures += 1
    }
    if (failures === 0) failing.ended()
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
  readonly observer: SweepObserver | null
}

async function sweepTable(pool: pg.Pool, sweep: Sweep, { isStopped, observer }: Sweeping): Promise<void> {
  for (let batch = 0; batch < MAX_BATCHES && !isStopped(); batch += 1) {
    const rows = await sweepBatch(pool, sweep)
    observer?.swept(sweep.table, rows)
    if (rows < BATCH) return
  }
}

/** Deletes one batch, unless another replica is sweeping; returns how many rows are gone. */
async function sweepBatch(pool: pg.Pool, { table, text, age }: Sweep): Promise<number> {
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
      values: age === undefined ? [BATCH] : [BATCH, age],
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
