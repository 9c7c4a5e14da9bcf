// The person that `explain` is asked about: as told on the command line, or as the store remembers them.
import type { ExplainArguments } from '../config/explain-arguments.ts'
import type { StoreConfig } from '../config/store.ts'
import { silentLog } from '../lib/log.ts'
import { connectAtBoot } from '../store/connect.ts'
import { findPrincipal } from '../store/principals.ts'
import type { Person } from './explanation.ts'

/** Answers the person, or what is wrong in a sentence; what the command line says wins over what the store remembers. */
export async function personOf(asked: ExplainArguments, store: StoreConfig): Promise<Person | string> {
  const { sub, email, groups } = asked
  if (sub === undefined)
    return { sub: email ?? '', ...(email !== undefined && { email }), groups: groups ?? [] }
  const signal = new AbortController().signal
  const { pool, close } = await connectAtBoot(store, { log: silentLog, clock: Date.now, signal })
  try {
    const seen = await findPrincipal(pool, sub)
    if (seen === null) return `nobody with the subject ${sub} was seen: they sign in or refresh first`
    const address = email ?? seen.email
    return { sub, ...(address !== null && { email: address }), groups: groups ?? seen.groups }
  } finally {
    await close()
  }
}
