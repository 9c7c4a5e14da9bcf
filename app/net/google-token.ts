// Access tokens of the service's own Google credentials.
import type { Clock } from '../lib/clock.ts'
import { withDeadline } from '../lib/deadline.ts'
import { ExpiringToken } from '../lib/expiring-token.ts'
import type { Log } from '../lib/log.ts'
import { guardedFetch } from './fetch.ts'
import { fetchGoogleToken } from './google-credentials.ts'
import type { Network } from './network.ts'

/** Gives the bearer of a request to a Google API; a promise only while one is fetched, which may fail. */
export interface GoogleToken {
  get(): string | Promise<string>
  /** The API answered 401. */
  refused(): void
}

export interface GoogleTokenOptions {
  readonly network: Pick<Network, 'dispatcher'>
  readonly log: Log
  readonly clock: Clock
}

const REFRESH_AHEAD_MS = 300_000
const BLOCK_UNDER_MS = 60_000

/** One request of the library's, and everything that one token takes. */
const REQUEST_MS = 5000
const FETCH_MS = 20_000

const MAX_ANSWER_BYTES = 1024 * 1024

/** Nothing is loaded, opened or asked before the first `get`. */
export function createGoogleToken({ network, log, clock }: GoogleTokenOptions): GoogleToken {
  let transport: typeof fetch | undefined
  return new ExpiringToken({
    name: 'the access token of the Google service account',
    ...{ log, clock, refreshAheadMs: REFRESH_AHEAD_MS, blockUnderMs: BLOCK_UNDER_MS },
    fetchToken() {
      transport ??= guardedFetch({
        dispatcher: network.dispatcher({ purpose: 'ambient' }),
        ...{ totalMs: REQUEST_MS, maxBytes: MAX_ANSWER_BYTES },
      })
      return withDeadline(fetchGoogleToken(transport), FETCH_MS)
    },
  })
}
