// Access tokens of the service's own identity in Entra ID.
import type { Clock } from '../lib/clock.ts'
import { withDeadline } from '../lib/deadline.ts'
import { ExpiringToken } from '../lib/expiring-token.ts'
import type { Log } from '../lib/log.ts'
import type { EntraClient } from './entra-credentials.ts'
import { guardedFetch } from './fetch.ts'
import type { Network } from './network.ts'

export interface EntraTokensOptions {
  readonly network: Pick<Network, 'dispatcher'>
  readonly log: Log
  readonly clock: Clock
  /** `AZURE_CLIENT_ID`. */
  readonly clientId: string | undefined
}

/** One request of the library's, and everything that one token takes. */
const REQUEST_MS = 5000
const FETCH_MS = 20_000

const MAX_ANSWER_BYTES = 1024 * 1024

/**
 * Gives the token for a scope such as `https://ai.azure.com/.default`: one for all who ask for the same.
 *
 * Nothing is loaded, opened or asked before the first `get` of one.
 */
export function createEntraTokens(options: EntraTokensOptions): (scope: string) => ExpiringToken {
  const { network, log, clock, clientId } = options
  const tokens = new Map<string, ExpiringToken>()
  let client: EntraClient | undefined

  const fetchToken = async (scope: string) => {
    const { EntraClient, fetchEntraToken } = await import('./entra-credentials.ts')
    client ??= new EntraClient(
      guardedFetch({
        dispatcher: network.dispatcher({ purpose: 'ambient' }),
        ...{ totalMs: REQUEST_MS, maxBytes: MAX_ANSWER_BYTES },
      }),
    )
    return withDeadline(fetchEntraToken(client, { scope, clientId }), FETCH_MS)
  }
  return scope => {
    const token =
      tokens.get(scope) ??
      new ExpiringToken({
        name: `the Entra access token for ${scope}`,
        ...{ log, clock, refreshAheadMs: 300_000, blockUnderMs: 60_000 },
        fetchToken: () => fetchToken(scope),
      })
    tokens.set(scope, token)
    return token
  }
}
