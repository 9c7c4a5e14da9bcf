// One connection that many small statements share, each sent without waiting for the answers to the ones before it.
import pg from 'pg'
import type { Clock } from '../lib/clock.ts'
import { withDeadline } from '../lib/deadline.ts'

export interface SharedConnectionOptions {
  /** A pool of one, whose connection takes statements in a pipeline; nobody else may use it. */
  readonly pool: pg.Pool
  /** For one statement in all, the wait for a connection included; the server gives up after the same time. */
  readonly deadlineMs: number
  /** A clock that only goes forward. */
  readonly clock: Clock
}

/** Firewalls forget connections that are quiet for longer, Google's after ten minutes, and then tell nobody. */
const IDLE_MS = 5 * 60_000

/**
 * Opened by the first statement, and again after it was lost or has not been used for five minutes.
 *
 * A statement that is not answered in time costs the connection, as whatever stands behind it waits as well; every
 * statement under way then fails. One that the server refuses fails alone.
 */
export class SharedConnection {
  readonly #options: SharedConnectionOptions
  #client: pg.PoolClient | null = null
  #opening: Promise<pg.PoolClient> | null = null
  #usedAt = 0
  #isClosed = false

  constructor(options: SharedConnectionOptions) {
    this.#options = options
  }

  /** The rows, each a list of columns. */
  async rows<Row extends unknown[]>(statement: pg.QueryArrayConfig): Promise<Row[]> {
    const { deadlineMs, clock } = this.#options
    const startedAt = clock()
    if (this.#client !== null && startedAt - this.#usedAt >= IDLE_MS) this.#lost(this.#client)
    this.#usedAt = startedAt
    if (this.#client !== null) return this.#ask(this.#client, statement, deadlineMs)
    const client = await withDeadline(this.#open(), deadlineMs)
    return this.#ask(client, statement, Math.max(1, Math.ceil(deadlineMs - (clock() - startedAt))))
  }

  /** Gives the connection back to be closed; what is under way is answered, or runs out of time. */
  close(): void {
    this.#isClosed = true
    this.#client?.release(true)
    this.#client = null
  }

  #open(): Promise<pg.PoolClient> {
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  async #connect(): Promise<pg.PoolClient> {
    const { pool, deadlineMs } = this.#options
    const client = await pool.connect()
    if (this.#isClosed) {
      client.release(true)
      throw new Error('the connection is closed')
    }
    client.once('error', () => this.#lost(client))
    // Not as a parameter of the connection: poolers refuse those that they do not know.
    client
      .query(`select set_config('statement_timeout', $1, false)`, [String(deadlineMs)])
      .catch(() => this.#lost(client))
    this.#client = client
    return client
  }

  #lost(client: pg.PoolClient): void {
    if (this.#client !== client) return
    this.#client = null
    client.on('error', () => {}) // an end may be told of twice
    client.release(true)
  }

  async #ask<Row extends unknown[]>(
    client: pg.PoolClient,
    statement: pg.QueryArrayConfig,
    query_timeout: number,
  ): Promise<Row[]> {
    // The driver breaks a pipeline off whose answer is late.
    const timed: pg.QueryArrayConfig & { query_timeout: number } = { ...statement, query_timeout }
    try {
      return (await client.query<Row>(timed)).rows
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) this.#lost(client)
      throw error
    }
  }
}
