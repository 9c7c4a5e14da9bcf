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
  /** The project that the credentials file of the last token names, for `x-goog-user-project`. */
  quotaProject(): string | undefined
}

export interface GoogleTokenOptions {
  readonly network: Pick<Network, 'dispatcher'>
  readonly log: Log
  readonly clock: Clock
  /** A key or federation file; without it, the credentials of the environment. */
  readonly keyFile?: string | undefined
  /** A new token is fetched this long before the end of the old one, in milliseconds. Default five minutes. */
  readonly refreshAheadMs?: number
  /** With less than this left, requests wait for the new one. Default one minute. */
  readonly blockUnderMs?: number
}

const REFRESH_AHEAD_MS = 300_000
const BLOCK_UNDER_MS = 60_000

/** One request of the library's, and everything that one token takes. */
const REQUEST_MS = 5000
const FETCH_MS = 20_000

const MAX_ANSWER_BYTES = 1024 * 1024

/** Nothing is loaded, opened or asked before the first `get`. */
export function createGoogleToken(options: GoogleTokenOptions): GoogleToken {
  const { network, log, clock, keyFile } = options
  let transport: typeof fetch | undefined
  let quotaProject: string | undefined
  const token = new ExpiringToken({
    name:
      keyFile === undefined
        ? 'the access token of the Google service account'
        : `the Google access token of ${keyFile}`,
    ...{ log, clock },
    refreshAheadMs: options.refreshAheadMs ?? REFRESH_AHEAD_MS,
    blockUnderMs: options.blockUnderMs ?? BLOCK_UNDER_MS,
    async fetchToken() {
      transport ??= guardedFetch({
        dispatcher: network.dispatcher({ purpose: 'ambient' }),
        ...{ totalMs: REQUEST_MS, maxBytes: MAX_ANSWER_BYTES },
      })
      const access = await withDeadline(fetchGoogleToken(transport, { keyFile }), FETCH_MS)
      quotaProject = access.quotaProject
      return access
    },
  })
  return { get: () => token.get(), refused: () => token.refused(), quotaProject: () => quotaProject }
}
