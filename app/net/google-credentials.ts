// Application Default Credentials: a key or federation file, gcloud's own file, or a Google runtime's metadata server.
import { setTimeout as pause } from 'node:timers/promises'
import type { FetchedToken } from '../lib/expiring-token.ts'
import { type CredentialsSource, credentialsFault } from './google-credentials-fault.ts'

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'

/** After the first attempt. */
const REPEATS = 2

/**
 * Asks for a token with credentials that are found anew, so that a replaced file is read again. Rejects with a
 * sentence for the operator. The library is loaded when it is first needed; its requests go through `transport`.
 */
export async function fetchGoogleToken(transport: typeof fetch): Promise<FetchedToken> {
  let source: CredentialsSource = 'unknown'
  try {
    const { client, isMetadata } = await findCredentials(transport)
    source = isMetadata ? 'metadata' : 'file'
    const { token } = await client.getAccessToken()
    // What cannot stand in a header is no token, whoever answered.
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) throw new Error('no token in the answer')
    const expiry = client.credentials.expiry_date
    return { token, expiresIn: typeof expiry === 'number' ? Math.max(0, (expiry - Date.now()) / 1000) : 600 }
  } catch (error) {
    throw credentialsFault(error, source)
  }
}

/** Finds the credentials anew; what they ask goes through `transport`. */
export async function findCredentials(transport: typeof fetch) {
  const { Compute, GoogleAuth, gaxios } = await import('google-auth-library')
  // What asks the metadata server takes its transport from nowhere else.
  gaxios.instance.defaults = {
    fetchImplementation: transport,
    // The library would take proxies from the environment, also for the metadata server.
    noProxy: [/^/],
    retryConfig: {
      ...{ retry: REPEATS, noResponseRetries: REPEATS },
      // A pause that does not keep the process from ending.
      retryBackoff: async (_error, ms) => pause(ms, undefined, { ref: false }),
    },
  }
  // Without a file there is nobody else to ask: the library's own probe would remember a bad moment for ever.
  class Credentials extends GoogleAuth {
    override async _checkIsGCE(): Promise<boolean> {
      return true
    }
  }
  const found = new Credentials({
    scopes: [SCOPE],
    clientOptions: { transporter: gaxios.instance },
    // Needed by nobody here; without it the library runs gcloud to find one.
    projectId: 'unknown',
  })
  const client = await found.getClient()
  retarget(client, gaxios.instance)
  return { auth: found, client, isMetadata: client instanceof Compute }
}

/** Clients that trade one credential for another hold a part with a transport of its own, which gets ours. */
function retarget(part: unknown, transporter: object): void {
  if (typeof part !== 'object' || part === null || !('transporter' in part)) return
  part.transporter = transporter
  retarget(Reflect.get(part, 'stsCredential'), transporter)
  retarget(Reflect.get(part, 'sourceClient'), transporter)
}

/** A client for Google's own libraries: they get their tokens from `token`, and their requests go through `transport`. */
export async function googleClient(transport: typeof fetch, token: () => Promise<FetchedToken>) {
  const { gaxios, OAuth2Client } = await import('google-auth-library')
  // The library would take proxies from the environment.
  const transporter = new gaxios.Gaxios({ fetchImplementation: transport, noProxy: [/^/] })
  const client = new OAuth2Client({ transporter })
  client.refreshHandler = async () => {
    const { token: text, expiresIn } = await token()
    return { access_token: text, expiry_date: Date.now() + expiresIn * 1000 }
  }
  return client
}
