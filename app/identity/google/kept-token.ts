// An access token for one scope, kept while it lasts.
import type { Clock } from '../../lib/clock.ts'
import { ExpiringToken, type FetchedToken } from '../../lib/expiring-token.ts'
import type { Log } from '../../lib/log.ts'
import type { Bearer } from './asking.ts'
import { groupSentence } from './fault-sentence.ts'
import { GroupLookupFault, silentFault } from './group-fault.ts'

export interface KeptTokenOptions {
  /** What the token is good for. */
  readonly scope: string
  readonly clock: Clock
  readonly log: Log
  /** Asks for a new one; rejects with GroupLookupFault. */
  fetchToken(signal: AbortSignal): Promise<FetchedToken>
}

const REFRESH_AHEAD_MS = 300_000
const BLOCK_UNDER_MS = 60_000

/** One fetch, with its retries. */
const FETCH_MS = 8000

/** An access token that serves until 5 minutes before its expiry; failures to get it are GroupLookupFaults. */
export function keptToken({ scope, clock, log, fetchToken }: KeptTokenOptions): Bearer {
  let last = new GroupLookupFault({ reason: 'google_unavailable', step: 'credentials' })
  const token = new ExpiringToken({
    name: `the access token for ${scope.slice(scope.lastIndexOf('/') + 1)}`,
    ...{ clock, log, refreshAheadMs: REFRESH_AHEAD_MS, blockUnderMs: BLOCK_UNDER_MS },
    async fetchToken() {
      try {
        return await fetchToken(AbortSignal.timeout(FETCH_MS))
      } catch (error) {
        last =
          error instanceof GroupLookupFault ? error : new GroupLookupFault(silentFault('credentials', error))
        throw new Error(groupSentence(last.fault))
      }
    },
  })
  return {
    async get() {
      try {
        return await token.get()
      } catch {
        throw last // also between two fetches, when the token says only that it rests
      }
    },
    refused: () => token.refused(),
  }
}
