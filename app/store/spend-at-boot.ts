// What limits of spend want of the database, before the gateway listens.
import type pg from 'pg'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { BootFault } from './boot-fault.ts'

export interface SpendAtBoot {
  /** Whether spend is metered: there is `admin`. */
  readonly isMetered: boolean
  /** `load_test_mode.enabled`. */
  readonly isLoadTest: boolean
  readonly log: Log
  readonly clock: Clock
}

/** Replicas whose clocks are further apart charge one request to different periods (M-5). */
const MAX_DIFFERENCE_MS = 5000

/** Refuses a load test among what people have spent (C-29), and warns when the clocks disagree (M-5). */
export async function examineSpend(
  pool: pg.Pool,
  { isMetered, isLoadTest, log, clock }: SpendAtBoot,
): Promise<void> {
  if (isLoadTest && (await holdsSpend(pool))) throw new BootFault(LOAD_TEST_FAULT)
  if (!isMetered) return
  const difference = await clockDifference(pool, clock)
  if (Math.abs(difference) <= MAX_DIFFERENCE_MS) return
  const seconds = Math.round(Math.abs(difference) / 1000)
  const way = difference > 0 ? 'ahead of' : 'behind'
  log.warn(
    `this machine's clock is ${seconds} s ${way} the database's: requests near midnight count for the wrong day, ` +
      'week or month. Set the clocks',
  )
}

const LOAD_TEST_FAULT =
  'load_test_mode.enabled: the database holds what people have spent. Give the load test a database of its own.'

/** A load test itself leaves rows of nothing. */
async function holdsSpend(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ holds: boolean }>({
    name: 'holds_spend',
    text: `select exists (select from spend where nano_usd > 0) as holds`,
  })
  return rows[0]?.holds === true
}

/**
 * How far the machine's clock is ahead of the database's, in milliseconds; negative when it is behind.
 *
 * The database's time is of some moment between question and answer, so a slow way makes no difference.
 */
async function clockDifference(pool: pg.Pool, clock: Clock): Promise<number> {
  const asked = clock()
  const { rows } = await pool.query<{ now: Date }>({
    name: 'database_clock',
    text: `select clock_timestamp() as now`,
  })
  const answered = clock()
  const theirs = rows[0]?.now.getTime() ?? asked
  if (theirs < asked) return asked - theirs
  return theirs > answered ? answered - theirs : 0
}
