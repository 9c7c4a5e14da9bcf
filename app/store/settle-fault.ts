import pg from 'pg'

/**
 * Why a batch was not stored: two replicas got in each other's way, an entry in it can never be stored, or the store
 * cannot do anything now.
 */
export type SettleFault = 'collision' | 'entry' | 'store'

/** Serialization failure and deadlock (PostgreSQL documentation, appendix A "Error Codes"). */
const COLLISIONS = new Set(['40001', '40P01'])

/** Classes of the same table: data exceptions, violated constraints, and limits such as the length of a key. */
const OF_ENTRIES = ['22', '23', '54']

export function settleFault(error: unknown): SettleFault {
  const code = error instanceof pg.DatabaseError ? (error.code ?? '') : ''
  if (COLLISIONS.has(code)) return 'collision'
  return OF_ENTRIES.includes(code.slice(0, 2)) ? 'entry' : 'store'
}
