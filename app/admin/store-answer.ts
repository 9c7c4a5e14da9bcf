import type pg from 'pg'
import { Refusal } from '../http/errors.ts'
import { type Bound, inBoundedTransaction, isOutage } from '../store/bounded-transaction.ts'

/** Beyond it a database that accepts and says nothing counts as one that is gone. */
const STORE_MS = 2500

/** What `work` answers within one transaction, or the 503 that says that the store could not take part in time. */
export async function storeAnswer<T>(
  pool: pg.Pool,
  access: 'read' | 'write',
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const bound: Bound = { ms: STORE_MS, isReadOnly: access === 'read' }
  try {
    return await inBoundedTransaction(pool, bound, work)
  } catch (cause) {
    if (!isOutage(cause)) throw cause
    throw new Refusal('store_unavailable', 'the store does not answer; try again', { cause })
  }
}
