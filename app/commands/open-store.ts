// The database of a command, opened the way the service opens it and closed again.
import type { Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import type { StoreConfig } from '../config/store.ts'
import { silentLog } from '../lib/log.ts'
import { createGoogleAccess } from '../net/google-access.ts'
import { openNetwork } from '../net/network.ts'
import { connectAtBoot, type Store } from '../store/connect.ts'

/** What says where the database is. */
export interface StoreSource {
  readonly store: StoreConfig
  readonly cloudSql: Config['gatehouse']['cloud_sql']
}

/** Answers what `work` answers; everything that was opened is closed then. */
export async function withStore<T>(
  { store: config, cloudSql }: StoreSource,
  environment: Pick<Environment, 'allowLoopback' | 'proxies'>,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const network = openNetwork(environment)
  try {
    const google = createGoogleAccess(network)
    const way = cloudSql === undefined ? undefined : { config: cloudSql, google }
    const store = await connectAtBoot(config, { log: silentLog, clock: Date.now, cloudSql: way })
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  } finally {
    await network.close()
  }
}
