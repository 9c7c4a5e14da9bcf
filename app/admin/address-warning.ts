import type { PoolClient } from 'pg'
import { principalsWithEmail } from '../store/principals.ts'
import type { Scope } from '../store/spend-limits.ts'

/** How many subjects are named; more would make a header that proxies refuse. */
const MAX_NAMED = 5

/**
 * What to tell somebody whose cap is for a `user_id` that holds an @: that caps match subjects, and whose address it was
 * when they were last seen (M-53). Nothing for every other scope.
 */
export async function warningHeaders(
  client: PoolClient,
  { type, id }: Scope,
): Promise<Readonly<Record<string, string>>> {
  if (type !== 'user' || !id.includes('@')) return {}
  const found = await principalsWithEmail(client, id, MAX_NAMED + 1)
  const named = found.slice(0, MAX_NAMED).map(quoted)
  if (found.length > MAX_NAMED) named.push('others')
  const whose = named.length === 0 ? 'nobody was last seen with it' : `last seen with it: ${named.join(', ')}`
  return {
    'x-gatehouse-warning': `user_id looks like an email address, and limits match the sub of a token; ${whose}`,
  }
}

/** As JSON of ASCII alone, which a header may hold. */
function quoted(sub: string): string {
  return JSON.stringify(sub).replace(/[^\x20-\x7e]/g, unit => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
