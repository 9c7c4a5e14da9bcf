// Access tokens of the service's own Google credentials.
import type { Clock } from '../lib/clock.ts'
import { withDeadline } from '../lib/deadline.ts'
import { ExpiringToken, type FetchedToken } from '../lib/expiring-token.ts'
import type { Log } from '../lib/log.ts'

/** Gives the bearer of a request to a Google API; a promise only while one is fetched, which may fail. */
export interface GoogleToken {
  get(): string | Promise<string>
  /** The API answered 401. */
  refused(): void
}

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'

const REFRESH_AHEAD_MS = 300_000
const BLOCK_UNDER_MS = 60_000

/** For credentials and token together; the library asks metadata servers three times. */
const FETCH_MS = 15_000

/**
 * Application Default Credentials: the metadata server of a Google runtime, a key file, or a federated identity.
 *
 * The library is loaded at the first use. It has a transport of its own, for fixed addresses of Google's; no address
 * comes from the configuration.
 */
export function createGoogleToken({ log, clock }: { log: Log; clock: Clock }): GoogleToken {
  return new ExpiringToken({
    name: 'the access token of the Google service account',
    ...{ log, clock, refreshAheadMs: REFRESH_AHEAD_MS, blockUnderMs: BLOCK_UNDER_MS },
    fetchToken: () => withDeadline(fetchToken(), FETCH_MS),
  })
}

async function fetchToken(): Promise<FetchedToken> {
  const { GoogleAuth } = await import('google-auth-library')
  const client = await new GoogleAuth({ scopes: [SCOPE] }).getClient()
  const { token } = await client.getAccessToken()
  if (typeof token !== 'string' || token === '') throw new Error('the Google credentials gave no token')
  const expiry = client.credentials.expiry_date
  return { token, expiresIn: typeof expiry === 'number' ? Math.max(0, (expiry - Date.now()) / 1000) : 600 }
}
