// The database at boot: three attempts for what may pass, none more for what only the operator can change.

import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { type PostgresAddress, readPostgresUrl } from '../config/postgres-url.ts'
import type { StoreConfig } from '../config/store.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { BootFault, bootFault, codeOf, refuseOldServer } from './boot-fault.ts'
import type { StoreObserver } from './observer.ts'
import { openPool } from './pool.ts'
import { tlsOptions } from './server-tls.ts'

export interface ConnectOptions {
  readonly log: Log
  readonly clock: Clock
  /** Null, the default, when nobody measures. */
  readonly observer?: StoreObserver | null
  /** Gives the boot up. */
  readonly signal?: AbortSignal | undefined
  /** Waits between attempts; the machine's timer by default. */
  readonly wait?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined
}

export interface Store {
  /** For everything but probes. */
  readonly pool: pg.Pool
  /** One connection that requests cannot exhaust. */
  readonly probe: pg.Pool
  close(): Promise<void>
}

const ATTEMPTS = 3
const PAUSE_MS = 2000

/** Connects to the database of `config` and proves that it answers; throws a `BootFault` that says what to do. */
export async function connectAtBoot(config: StoreConfig, options: ConnectOptions): Promise<Store> {
  const address = addressOf(config)
  const wait = options.wait ?? ((ms, signal) => delay(ms, undefined, signal ? { signal } : {}))
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await connectOnce(config, address, options)
    } catch (error) {
      options.signal?.throwIfAborted()
      const where = { database: address.database, role: address.user, during: 'connecting' } as const
      const fault = bootFault(error, where)
      if (fault) throw fault
      const text = silence(config, { attempt, code: codeOf(error) })
      if (attempt === ATTEMPTS) throw new BootFault(text, { cause: error })
      options.log.warn(text)
      await wait(PAUSE_MS, options.signal)
    }
  }
}

type CompleteAddress = PostgresAddress & { user: string; database: string }

function addressOf(config: StoreConfig): CompleteAddress {
  if (config.postgres_url === undefined) throw new BootFault('store.postgres_url is missing')
  const read = readPostgresUrl(config.postgres_url)
  if (read.kind === 'unreadable') throw new BootFault(`store.postgres_url needs ${read.needs}`)
  const user = config.username ?? read.user
  if (user === undefined) throw new BootFault('store.postgres_url names no role; add store.username')
  // As libpq does, the database is named like the role unless the URL says otherwise.
  return { ...read, user, password: config.password ?? read.password, database: read.database ?? user }
}

async function connectOnce(
  config: StoreConfig,
  address: CompleteAddress,
  { log, clock, signal, observer = null }: ConnectOptions,
): Promise<Store> {
  signal?.throwIfAborted()
  const connectTimeoutMs = config.connect_timeout_seconds * 1000
  const tls = await unlessAborted(tlsOptions(address, { log, timeoutMs: connectTimeoutMs }), signal)
  const shared = { address, tls, connectTimeoutMs, observer, log, clock }
  const pool = openPool({ ...shared, max: config.max_connections })
  const probe = openPool({ ...shared, max: 1 })
  const close = async () => {
    await Promise.all([pool.end(), probe.end()])
  }
  try {
    await unlessAborted(askVersion(pool), signal)
    return { pool, probe, close }
  } catch (error) {
    // A connection that still tries to open must not hold up the next attempt, or the end.
    close().catch(() => {})
    throw error
  }
}

async function askVersion(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ version: number; named: string }>({
    name: 'server_version',
    text: `
      select current_setting('server_version_num')::integer as version,
             current_setting('server_version') as named`,
  })
  if (rows[0]) refuseOldServer(rows[0])
}

function silence(config: StoreConfig, { attempt, code }: { attempt: number; code: string }): string {
  const limit = `store.connect_timeout_seconds is ${config.connect_timeout_seconds}`
  return `store.postgres_url: the database does not answer (${code}), attempt ${attempt} of ${ATTEMPTS}; ${limit}`
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(signal.reason)
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
