// Starts the conversation with the identity provider: discovery, keys, and everything that lives as long.
import type { OidcConfig } from '../config/oidc.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { chooseMethod, clientAuthentication } from './client-authentication.ts'
import { completeSignIn } from './completion.ts'
import { startConversation } from './conversation.ts'
import { askAtBoot, type BootConversation, DiscoveryError, discover } from './discovery.ts'
import type { GroupLookup } from './group-lookup.ts'
import type { IdTokenRules } from './id-token.ts'
import type { IdentificationRules } from './identification.ts'
import { createIdp, type Idp } from './idp.ts'
import { IdpFailure } from './idp-failure.ts'
import { type IdpMetadata, isIssuerOf, issuerFor } from './metadata.ts'
import { type IdpObserver, observedLookup } from './observer.ts'
import { renewSession } from './renewal.ts'
import type { SignIn } from './sign-in.ts'
import { createSigningKeys, type SigningKeys } from './signing-keys.ts'
import { createSteadyLog, type SteadyLog } from './steady-log.ts'
import { tellTrouble } from './trouble.ts'
import { createUnfinishedRotations } from './unfinished-rotations.ts'

export interface SignInOptions {
  readonly oidc: OidcConfig
  readonly publicUrl: string
  /** Guarded: 10 s and 1 MiB for an answer, no redirects, `oidc.ca_cert_pem` as its roots. */
  readonly fetch: typeof globalThis.fetch
  /** Replaces the groups claim where the provider keeps groups out of its tokens. */
  readonly groupLookup: GroupLookup | null
  /** Whether a policy, an admin setting or a stored cap names a group. */
  readonly namesGroups: boolean
  /** Those groups: they are kept when a bearer cannot hold all. */
  readonly priorityGroups: readonly string[]
  /** Null, the default, when nobody measures. */
  readonly observer?: IdpObserver | null
  readonly clock: Clock
  readonly log: Log
  /** Ends the pauses between attempts at boot. */
  readonly signal?: AbortSignal | undefined
  readonly timing?: Partial<SignInTiming> | undefined
}

/** Milliseconds. At a refresh the client waits 10 s, so everything must be over before that (S-55). */
export interface SignInTiming {
  readonly signInMs: number
  readonly signInLookupMs: number
  readonly refreshCallMs: number
  readonly refreshMs: number
  readonly refreshLookupMs: number
  readonly bootPauseMs: number
}

const TIMING: SignInTiming = {
  signInMs: 10_000,
  signInLookupMs: 5_000,
  refreshCallMs: 3_500,
  refreshMs: 8_000,
  refreshLookupMs: 3_000,
  bootPauseMs: 2_000,
}

const BOOT_ATTEMPTS = 3

/** Discovers the identity provider and reads its keys; throws DiscoveryError when the gateway cannot start with it. */
export async function openSignIn(options: SignInOptions): Promise<SignIn> {
  const { oidc, fetch, log, clock, observer = null } = options
  const timing = { ...TIMING, ...options.timing }
  const boot = {
    ...{ fetch, log, signal: options.signal, observer },
    ...{ callMs: timing.signInMs, attempts: BOOT_ATTEMPTS, pauseMs: timing.bootPauseMs },
  }
  const metadata = await discover(oidc, boot)
  const keys = await readKeys(metadata, { ...boot, clock, callMs: timing.refreshCallMs })
  tellMismatches(options, metadata)
  const idp = createIdp({
    ...oidc,
    ...{ metadata, observer },
    authenticate: await clientAuthentication(oidc, metadata),
    redirectUri: `${options.publicUrl}/oauth/callback`,
  })
  return signInWith({ options, timing, metadata, keys, idp })
}

interface Opened {
  readonly options: SignInOptions
  readonly timing: SignInTiming
  readonly metadata: IdpMetadata
  readonly keys: SigningKeys
  readonly idp: Idp
}

function signInWith({ options, timing, metadata, keys, idp }: Opened): SignIn {
  const { oidc, fetch, clock } = options
  const troubles = createSteadyLog(options.log, clock)
  const shared = {
    identification: identificationRules(options, idp),
    idToken: {
      ...oidc,
      keys,
      clock,
      issuerFor: (tenant: unknown) => issuerFor(metadata, tenant),
    } satisfies IdTokenRules,
    fetch,
    troubles,
  }
  const completion = {
    ...shared,
    isExpectedIssuer: (issuer: string) => isIssuerOf(metadata, issuer),
    announcesIss: metadata.authorization_response_iss_parameter_supported === true,
    limits: { callMs: timing.signInMs, totalMs: timing.signInMs, lookupMs: timing.signInLookupMs },
  }
  const renewal = {
    ...shared,
    hasUserinfo: metadata.userinfo_endpoint !== undefined,
    rotations: createUnfinishedRotations(clock),
    limits: { callMs: timing.refreshCallMs, totalMs: timing.refreshMs, lookupMs: timing.refreshLookupMs },
  }
  return {
    authorizationEndpoint: metadata.authorization_endpoint,
    authorizationUrl: request => idp.authorizationUrl(request),
    complete: callback => completeSignIn(callback, completion),
    renew: session => renewSession(session, renewal),
    revoke: token => revokeQuietly(token, { idp, troubles, fetch, callMs: timing.signInMs }),
  }
}

function identificationRules(options: SignInOptions, idp: Idp): IdentificationRules {
  const { oidc, observer = null } = options
  const groupLookup = observedLookup(options.groupLookup, observer)
  const priorityGroups = new Set([...(oidc.allowed_groups ?? []), ...options.priorityGroups])
  const notices = createSteadyLog(options.log, options.clock)
  return { ...oidc, groupLookup, namesGroups: options.namesGroups, priorityGroups, idp, log: notices }
}

async function readKeys(
  metadata: IdpMetadata,
  boot: BootConversation & { readonly clock: Clock },
): Promise<SigningKeys> {
  const { issuer, jwks_uri: url } = metadata
  const initial = await askAtBoot({ issuer, url, step: 'jwks' }, boot)
  const fetch: typeof globalThis.fetch = (input, init) =>
    startConversation(boot.fetch, { callMs: boot.callMs, totalMs: boot.callMs }).fetch(input, init)
  try {
    return createSigningKeys({ url, initial, fetch, clock: boot.clock, observer: boot.observer ?? null })
  } catch (cause) {
    if (!(cause instanceof IdpFailure)) throw cause
    throw new DiscoveryError(`oidc.issuer ${issuer}: its keys at ${url} are no JSON Web Key Set`, { cause })
  }
}

// Hints only: providers' lists are often incomplete, and the sign-in itself decides.
function tellMismatches({ oidc, log }: SignInOptions, metadata: IdpMetadata): void {
  const algorithms = metadata.id_token_signing_alg_values_supported
  if (algorithms && !algorithms.includes(oidc.id_token_signed_response_alg)) {
    log.warn(
      `oidc: the provider lists ${algorithms.slice(0, 10).join(', ')} for id_tokens, ` +
        `but oidc.id_token_signed_response_alg is ${oidc.id_token_signed_response_alg}`,
    )
  }
  const methods = metadata.token_endpoint_auth_methods_supported
  const method = chooseMethod(oidc, metadata)
  if (methods && !methods.includes(method)) {
    log.warn(`oidc: the provider does not list ${method} among its client authentication methods`)
  }
  const challenges = metadata.code_challenge_methods_supported
  if (oidc.use_pkce && challenges && !challenges.includes('S256')) {
    log.warn('oidc: the provider does not list S256 among its code challenge methods; see oidc.use_pkce')
  }
}

async function revokeQuietly(
  token: string,
  {
    idp,
    troubles,
    fetch,
    callMs,
  }: { idp: Idp; troubles: SteadyLog; fetch: typeof globalThis.fetch; callMs: number },
): Promise<void> {
  try {
    await idp.revoke(token, startConversation(fetch, { callMs, totalMs: callMs }))
  } catch (thrown) {
    if (!(thrown instanceof IdpFailure)) throw thrown
    tellTrouble(thrown, 'a revocation', troubles)
  }
}
