// A transaction that has only so long, for callers who wait.
import pg from 'pg'
import { steadyClock } from '../lib/clock.ts'
import { DeadlineExceeded, withDeadline } from '../lib/deadline.ts'
import { inTransaction } from './transaction.ts'

export interface Bound {
  /** For all of it, waiting for a connection included. */
  readonly ms: number
  /** A snapshot that nothing is written to. Default false. */
  readonly isReadOnly?: boolean
}

/** Of the time of all, for one statement or lock: the database gives up before the caller does. */
const STATEMENT_SHARE = 0.8

/**
 * Runs `work` as `inTransaction` does, and rejects with `DeadlineExceeded` after `ms`. Nothing is committed once the
 * time is over: only a commit whose own answer is late or lost leaves open whether it happened.
 */
export function inBoundedTransaction<T>(
  pool: pg.Pool,
  { ms, isReadOnly = false }: Bound,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const endsAt = steadyClock() + ms
  const running = inTransaction(pool, async client => {
    if (isReadOnly) await client.query(`set transaction isolation level repeatable read, read only`)
    await client.query({
      name: 'bounded_transaction',
      text: `select set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true)`,
      values: [String(Math.floor(ms * STATEMENT_SHARE))],
    })
    const result = await work(client)
    if (steadyClock() >= endsAt) throw new DeadlineExceeded(`no answer within ${ms} ms`)
    return result
  })
  return withDeadline(running, ms)
}

/** Classes of SQLSTATE that say something about the database's state, and nothing about the statement. */
const PASSING = new Set(['08', '25', '40', '53', '55', '57', '58'])

/** Of class 08, and our own fault: such as a value for a parameter that the statement does not have. */
const PROTOCOL_VIOLATION = '08P01'

/** Reports whether `error` says that the database cannot do its work now: it is gone, silent, full or read-only. */
export function isOutage(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) {
    return error.code !== PROTOCOL_VIOLATION && PASSING.has(error.code?.slice(0, 2) ?? '')
  }
  // The driver throws plain errors, and Node those of connections; every other kind is a bug.
  return (
    error instanceof DeadlineExceeded ||
    error instanceof AggregateError ||
    (error instanceof Error && error.constructor === Error)
  )
}
