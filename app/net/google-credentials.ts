// Application Default Credentials: a key or federation file, gcloud's own file, or a Google runtime's metadata server.
import { setTimeout as pause } from 'node:timers/promises'
import type { FetchedToken } from '../lib/expiring-token.ts'
import { type CredentialsSource, credentialsFault } from './google-credentials-fault.ts'

/** What every API of Google Cloud takes; those of Workspace do not. */
export const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'

/** After the first attempt. */
const REPEATS = 2

/** Whose credentials, and what for. */
export interface WantedCredentials {
  /** A key or federation file; the environment says which by default. */
  readonly keyFile?: string | undefined
  /** `CLOUD_PLATFORM` by default. */
  readonly scope?: string | undefined
}

/** A token, and the project that the credentials file wants to be charged for its use. */
export interface GoogleAccess extends FetchedToken {
  /** `quota_project_id` of the file; undefined for a metadata server, and for a file without one. */
  readonly quotaProject: string | undefined
}

/**
 * Asks for a token with credentials that are found anew, so that a replaced file is read again: those of `keyFile`,
 * else those of the environment. Rejects with a sentence for the operator. The library is loaded when it is first
 * needed; its requests go through `transport`.
 */
export async function fetchGoogleToken(
  transport: typeof fetch,
  wanted: WantedCredentials = {},
): Promise<GoogleAccess> {
  let source: CredentialsSource = 'unknown'
  try {
    const { client, isMetadata, quotaProject } = await findCredentials(transport, wanted)
    source = isMetadata ? 'metadata' : 'file'
    const { token } = await client.getAccessToken()
    // What cannot stand in a header is no token, whoever answered.
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) throw new Error('no token in the answer')
    const expiry = client.credentials.expiry_date
    const expiresIn = typeof expiry === 'number' ? Math.max(0, (expiry - Date.now()) / 1000) : 600
    return { token, expiresIn, quotaProject }
  } catch (error) {
    throw credentialsFault(
      error,
      source,
      wanted.keyFile === undefined ? undefined : 'auth.service_account_json',
    )
  }
}

/** Finds the credentials anew, in a file or in the environment; what they ask goes through `transport`. */
export async function findCredentials(
  transport: typeof fetch,
  { keyFile, scope = CLOUD_PLATFORM }: WantedCredentials = {},
) {
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

    // The constructor's own option for a file is deprecated, and says so on the console.
    override async _tryGetApplicationCredentialsFromEnvironmentVariable(
      options?: Parameters<
        InstanceType<typeof GoogleAuth>['_tryGetApplicationCredentialsFromEnvironmentVariable']
      >[0],
    ) {
      if (keyFile === undefined) return super._tryGetApplicationCredentialsFromEnvironmentVariable(options)
      return this._getApplicationCredentialsFromFilePath(keyFile, options)
    }
  }
  const found = new Credentials({
    scopes: [scope],
    clientOptions: { transporter: gaxios.instance },
    // Needed by nobody here; without it the library runs gcloud to find one.
    projectId: 'unknown',
  })
  const client = await found.getClient()
  retarget(client, gaxios.instance)
  return {
    auth: found,
    client,
    isMetadata: client instanceof Compute,
    quotaProject: quotaProjectOf(found.jsonContent),
  }
}

/** Read from the file itself: the library would let a variable of the environment replace it. */
function quotaProjectOf(file: unknown): string | undefined {
  const id = typeof file === 'object' && file !== null ? Reflect.get(file, 'quota_project_id') : undefined
  return typeof id === 'string' && /^[\x21-\x7e]+$/.test(id) ? id : undefined
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
