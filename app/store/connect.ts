// The database at boot: three attempts for what may pass, none more for what only the operator can change.

import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { type PostgresAddress, readPostgresUrl } from '../config/postgres-url.ts'
import type { StoreConfig } from '../config/store.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { BootFault, bootFault, codeOf, refuseOldServer, type StoreKey } from './boot-fault.ts'
import { CLOUD_SQL_SCHEMA, type CloudSql, type CloudSqlWay, iamRole, openCloudSql } from './cloud-sql.ts'
import type { StoreObserver } from './observer.ts'
import { openPool, type PoolOptions } from './pool.ts'
import { tlsOptions } from './server-tls.ts'

export interface ConnectOptions {
  readonly log: Log
  readonly clock: Clock
  /** Null, the default, when nobody measures. */
  readonly observer?: StoreObserver | null
  /** Whether requests ask about spend, for which one of the connections is set apart. Default false. */
  readonly asksSpend?: boolean
  /** The way to the database that `store.postgres_url` does not give. */
  readonly cloudSql?: CloudSql | undefined
  /** Gives the boot up. */
  readonly signal?: AbortSignal | undefined
  /** How often it is tried. Default 3. */
  readonly attempts?: number | undefined
  /** Waits between attempts; the machine's timer by default. */
  readonly wait?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined
}

export interface Store {
  /** For everything but probes and the questions about spend. */
  readonly pool: pg.Pool
  /** One connection, which takes statements in a pipeline; null unless requests ask about spend. */
  readonly spend: pg.Pool | null
  /** One connection that requests cannot exhaust. */
  readonly probe: pg.Pool
  /** The key of the file that says where it is. */
  readonly key: StoreKey
  close(): Promise<void>
}

const ATTEMPTS = 3
const PAUSE_MS = 2000

/** Connects to the database of `config` and proves that it answers; throws a `BootFault` that says what to do. */
export async function connectAtBoot(config: StoreConfig, options: ConnectOptions): Promise<Store> {
  const key: StoreKey = options.cloudSql === undefined ? 'store.postgres_url' : 'gatehouse.cloud_sql'
  const wait = options.wait ?? ((ms, signal) => delay(ms, undefined, signal ? { signal } : {}))
  const attempts = options.attempts ?? ATTEMPTS
  const address = await addressOf(config, options.cloudSql)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await connectOnce(config, { address, key }, options)
    } catch (error) {
      options.signal?.throwIfAborted()
      const where = { key, database: address.database, role: address.user, during: 'connecting' } as const
      const fault = bootFault(error, where)
      if (fault) throw fault
      const text = silence(config, { key, attempt, attempts, code: codeOf(error) })
      if (attempt === attempts) throw new BootFault(text, { cause: error })
      options.log.warn(text)
      await wait(PAUSE_MS, options.signal)
    }
  }
}

type CompleteAddress = PostgresAddress & { user: string; database: string }

async function addressOf(config: StoreConfig, cloudSql: CloudSql | undefined): Promise<CompleteAddress> {
  if (cloudSql !== undefined) return cloudSqlAddress(config, cloudSql)
  if (config.postgres_url === undefined) throw new BootFault('store.postgres_url is missing')
  const read = readPostgresUrl(config.postgres_url)
  if (read.kind === 'unreadable') throw new BootFault(`store.postgres_url needs ${read.needs}`)
  const user = config.username ?? read.user
  if (user === undefined) throw new BootFault('store.postgres_url names no role; add store.username')
  // As libpq does, the database is named like the role unless the URL says otherwise.
  return { ...read, user, password: config.password ?? read.password, database: read.database ?? user }
}

/** The connector finds the instance and secures the connection; what is left to say is who and where to. */
async function cloudSqlAddress(
  { username, password }: StoreConfig,
  { config, google }: CloudSql,
): Promise<CompleteAddress> {
  if (username === undefined && !config.iam_auth)
    throw new BootFault('gatehouse.cloud_sql.iam_auth is off, and no role is named; add store.username')
  return {
    kind: 'readable',
    host: config.instance_connection_name,
    port: 5432,
    user: username ?? iamRole(await google.account()),
    password: config.iam_auth ? undefined : password,
    database: config.database,
    tls: { kind: 'off' },
    applicationName: undefined,
    options: `-c search_path=${CLOUD_SQL_SCHEMA}`,
  }
}

/** How connections are opened, and what is closed after them. */
type Way = Pick<PoolOptions, 'tls' | 'stream'> & { close(): void }

async function wayTo(
  address: CompleteAddress,
  { connectTimeoutMs, cloudSql, log }: ConnectOptions & { connectTimeoutMs: number },
): Promise<Way> {
  if (cloudSql === undefined)
    return { tls: await tlsOptions(address, { log, timeoutMs: connectTimeoutMs }), close() {} }
  const way: CloudSqlWay = await openCloudSql(cloudSql)
  return { tls: false, stream: () => way.stream(), close: () => way.close() }
}

async function connectOnce(
  config: StoreConfig,
  { address, key }: { address: CompleteAddress; key: StoreKey },
  options: ConnectOptions,
): Promise<Store> {
  const { log, clock, signal } = options
  signal?.throwIfAborted()
  const connectTimeoutMs = config.connect_timeout_seconds * 1000
  const way = await unlessAborted(wayTo(address, { ...options, connectTimeoutMs }), signal, late =>
    late.close(),
  )
  const { observer = null, asksSpend = false } = options
  const shared = { ...{ address, tls: way.tls, stream: way.stream }, connectTimeoutMs, observer, log, clock }
  const others = asksSpend ? config.max_connections - 1 : config.max_connections
  const pool = openPool({ ...shared, max: Math.max(1, others) })
  const spend = asksSpend ? openPool({ ...shared, max: 1, pipeline: true }) : null
  const probe = openPool({ ...shared, max: 1 })
  const close = async () => {
    await Promise.all([pool.end(), probe.end(), spend?.end()])
    way.close()
  }
  try {
    await unlessAborted(askVersion(pool, key), signal)
    return { pool, spend, probe, key, close }
  } catch (error) {
    // A connection that still tries to open must not hold up the next attempt, or the end.
    way.close()
    close().catch(() => {})
    throw error
  }
}

async function askVersion(pool: pg.Pool, key: StoreKey): Promise<void> {
  const { rows } = await pool.query<{ version: number; named: string }>({
    name: 'server_version',
    text: `
      select current_setting('server_version_num')::integer as version,
             current_setting('server_version') as named`,
  })
  if (rows[0]) refuseOldServer(rows[0], key)
}

function silence(
  config: StoreConfig,
  { key, attempt, attempts, code }: { key: StoreKey; attempt: number; attempts: number; code: string },
): string {
  const limit = `store.connect_timeout_seconds is ${config.connect_timeout_seconds}`
  return `${key}: the database does not answer (${code}), attempt ${attempt} of ${attempts}; ${limit}`
}

/** Settles like `promise`, or rejects at once when `signal` says so; what still comes then is given to `discard`. */
async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  discard: (late: T) => void = () => {},
): Promise<T> {
  if (!signal) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const giveUp = () => {
    reject(signal.reason)
    promise.then(discard, () => {})
  }
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
