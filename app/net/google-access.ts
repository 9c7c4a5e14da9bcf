// Google's APIs with the service's own credentials, for libraries that bring requests of their own.
import { guardedFetch } from './fetch.ts'
import { googleAccount } from './google-account.ts'
import { fetchGoogleToken, googleClient } from './google-credentials.ts'
import type { Network } from './network.ts'

const REQUEST_MS = 10_000
const AMBIENT_MS = 5000
const MAX_ANSWER_BYTES = 1024 * 1024

/** Nothing is opened or asked before the first use. */
export function createGoogleAccess(network: Pick<Network, 'dispatcher'>) {
  const once = (purpose: 'google' | 'ambient', totalMs: number) => {
    let transport: typeof fetch | undefined
    return () => {
      const bounds = { totalMs, maxBytes: MAX_ANSWER_BYTES }
      transport ??= guardedFetch({ dispatcher: network.dispatcher({ purpose }), ...bounds })
      return transport
    }
  }
  const [api, ambient] = [once('google', REQUEST_MS), once('ambient', AMBIENT_MS)]
  return {
    /** The library's client for Google's APIs, with tokens of the scope `cloud-platform`. */
    client: () => googleClient(api(), () => fetchGoogleToken(ambient())),
    /** An access token, asked for anew at each call. */
    token: async () => (await fetchGoogleToken(ambient())).token,
    /** The email of the account; rejects with a sentence for the operator. */
    account: () => googleAccount(ambient()),
  }
}
