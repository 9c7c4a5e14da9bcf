// A sweeper whose timer is the test's.
import type pg from 'pg'
import { AdminSection } from '../../app/config/admin.ts'
import { GatehouseSection } from '../../app/config/gatehouse.ts'
import { type Every, startSweeper } from '../../app/store/sweeper.ts'
import type { Retention } from '../../app/store/sweeps.ts'
import { recordLog } from './recorded-log.ts'

export const HALF_A_MINUTE = 30_000
export const HOUR = 3_600_000

const DEFAULTS: Retention = { admin: AdminSection.parse({}), spend: GatehouseSection.parse({}).spend }

/** `tick` runs the loops of those intervals once, to their end; a minute passes before each. */
export function sweeperOf(pool: pg.Pool, retention: Retention = DEFAULTS) {
  const log = recordLog()
  const loops = new Map<number, () => Promise<void>>()
  const failures: string[] = []
  let now = 0
  const every: Every = (ms, tick) => {
    loops.set(ms, tick)
    return () => loops.delete(ms)
  }
  const observer = { swept: () => {}, sweepFailed: (table: string) => void failures.push(table) }
  const sweeper = startSweeper({ pool, log, clock: () => now, every, retention, observer })
  const tick = async (...intervals: number[]) => {
    now += 60_000
    for (const ms of intervals) await loops.get(ms)?.()
  }
  return { log, tick, sweeper, failures, intervals: () => [...loops.keys()] }
}
