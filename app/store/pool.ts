// Connections to Postgres. Everything is said by the configuration: the driver's own variables (PGUSER,
// PGOPTIONS, PGSSLMODE and so on) and password file have no effect.

import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import type { PostgresAddress } from '../config/postgres-url.ts'
import type { Clock } from '../lib/clock.ts'
import { createCondition } from '../lib/condition.ts'
import type { Log } from '../lib/log.ts'
import { observeQueries, type StoreObserver } from './observer.ts'

export interface PoolOptions {
  /** With the role and password that the configuration names elsewhere already put in. */
  readonly address: PostgresAddress
  readonly tls: ConnectionOptions | false
  /** Opens connections in place of the driver, already secured. */
  readonly stream?: (() => Duplex) | undefined
  /** How many connections at most. */
  readonly max: number
  /** For opening a connection, and for waiting until one is free. */
  readonly connectTimeoutMs: number
  /** Whether a connection takes further statements before the ones sent have been answered. Default false. */
  readonly pipeline?: boolean
  /** Null when nobody measures. */
  readonly observer: Pick<StoreObserver, 'asking'> | null
  readonly log: Log
  readonly clock: Clock
}

// A database that accepts and says nothing must not hang a request.
const STATEMENT_MS = 10_000

const IDLE_MS = 5 * 60_000

/** Opens nothing yet: the first query does. Idle connections that break are replaced with one warning a minute. */
export function openPool(options: PoolOptions): pg.Pool {
  const { address, tls, stream, max, connectTimeoutMs, pipeline = false, observer, log, clock } = options
  const user = address.user ?? ''
  const pool = new pg.Pool({
    host: address.host,
    port: address.port,
    user,
    database: address.database ?? user,
    // A function, because the driver takes PGPASSWORD for a password that is absent.
    password: () => address.password ?? '',
    ssl: tls,
    ...(stream !== undefined && { stream }),
    sslnegotiation: 'postgres',
    application_name: address.applicationName ?? 'gatehouse',
    options: address.options,
    max,
    pipeline,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: STATEMENT_MS,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    Client: ExplicitClient,
  })
  const broken = createCondition({ log, clock, text: 'an idle connection to Postgres broke' })
  pool.on('error', error => broken.occurred({ cause: error.message }))
  pool.on('connect', () => broken.ended())
  if (observer !== null) pool.on('connect', client => observeQueries(client, observer))
  return pool
}

class ExplicitClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config)
    // The driver fills these from the environment when they are absent, and takes no word for "none".
    const parameters: unknown = Reflect.get(this, 'connectionParameters')
    if (typeof parameters === 'object' && parameters !== null) {
      Object.assign(parameters, { options: config?.options, replication: undefined })
    }
  }
}
