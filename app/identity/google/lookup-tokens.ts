// The tokens of a look-up, by mode: one for each scope, fetched when it is first needed.
import type { ReadFile } from '../../config/expand.ts'
import type { Clock } from '../../lib/clock.ts'
import type { FetchedToken } from '../../lib/expiring-token.ts'
import type { Log } from '../../lib/log.ts'
import type { GoogleApis } from '../../net/google-apis.ts'
import { CLOUD_PLATFORM } from '../../net/google-credentials.ts'
import type { Bearer, Patience } from './asking.ts'
import { delegatedToken, type Signer } from './delegated-token.ts'
import { GroupLookupFault } from './group-fault.ts'
import { iamSigner } from './iam-signer.ts'
import { keptToken } from './kept-token.ts'
import { keySigner } from './key-signer.ts'
import type { LookupMode } from './lookup-setup.ts'
import { roleToken } from './role-token.ts'

/** What Groups Reader or the delegation allows, for the Directory API and for Cloud Identity. */
export const DIRECTORY_SCOPE = 'https://www.googleapis.com/auth/admin.directory.group.readonly'
export const CLOUD_IDENTITY_SCOPE = 'https://www.googleapis.com/auth/cloud-identity.groups.readonly'

/** The workload's own credentials, of whatever runtime or file. */
export interface OwnCredentials {
  /** A token for one scope. */
  token(scope: string): Promise<FetchedToken>
  /** The address of their service account. */
  account(): Promise<string>
}

export interface LookupTokensOptions {
  readonly mode: LookupMode
  readonly apis: GoogleApis
  /** Guarded, for the token endpoint. */
  readonly transport: typeof fetch
  readonly credentials: OwnCredentials
  readonly readFile: ReadFile
  readonly clock: Clock
  readonly log: Log
  /** Spaces the repetitions within a signal. */
  patience(signal: AbortSignal): Patience
}

/** Answers the token for one scope; nothing is asked before its first `get`. */
export function lookupTokens(options: LookupTokensOptions): (scope: string) => Bearer {
  const { mode, apis, transport, clock, log, patience } = options
  const keep = (scope: string, fetchToken: (signal: AbortSignal) => Promise<FetchedToken>) =>
    keptToken({ scope, clock, log, fetchToken })
  const ofWorkload = (scope: string) => keep(scope, () => ownToken(options.credentials, scope))
  if (mode.kind === 'service_account_role') {
    const { account } = mode
    if (account === null) return ofWorkload
    const own = ofWorkload(CLOUD_PLATFORM)
    return scope =>
      keep(scope, signal => roleToken({ apis, own, account, scope, now: clock() }, patience(signal)))
  }
  const { admin } = mode
  const signer = signerOf(mode, options, ofWorkload)
  return scope =>
    keep(scope, signal => delegatedToken({ signer, admin, scope, transport, now: clock() }, patience(signal)))
}

function signerOf(
  mode: Exclude<LookupMode, { kind: 'service_account_role' }>,
  { apis, credentials, readFile }: LookupTokensOptions,
  ofWorkload: (scope: string) => Bearer,
): Signer {
  if (mode.kind === 'key_file') return keySigner(mode.path, readFile)
  const account = async () => mode.account ?? (await credentials.account().catch(missing))
  return iamSigner({ apis, own: ofWorkload(CLOUD_PLATFORM), account })
}

async function ownToken(credentials: OwnCredentials, scope: string): Promise<FetchedToken> {
  return credentials.token(scope).catch(missing)
}

// The credentials' own errors are sentences for the operator.
function missing(error: unknown): never {
  const detail = error instanceof Error ? error.message : String(error)
  throw new GroupLookupFault({ reason: 'credentials_missing', step: 'credentials', detail })
}
