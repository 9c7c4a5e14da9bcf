// A gateway's SignIn over the loopback identity provider, and a person who uses it.
import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import { type OidcConfig, OidcSection } from '../../app/config/oidc.ts'
import { openSignIn, type SignInOptions } from '../../app/identity/open-sign-in.ts'
import type { SignIn, SignInOutcome } from '../../app/identity/sign-in.ts'
import { guardedFetch } from '../../app/net/fetch.ts'
import { openNetwork } from '../../app/net/network.ts'
import type { Certificate } from './certificate.ts'
import { type LoopbackIdp, startIdp } from './idp.ts'
import { CLIENT, type Manners } from './idp-manners.ts'
import { type RecordedLog, recordLog } from './recorded-log.ts'
import { approveAtIdp } from './sign-in.ts'

export interface SignInRig extends AsyncDisposable {
  readonly idp: LoopbackIdp
  readonly signIn: SignIn
  readonly log: RecordedLog
  /** Walks a whole sign-in; `alter` has the callback before the gateway sees it. */
  signInOnce(alter?: (callback: URL) => void): Promise<SignInOutcome>
  /** A sign-in that must succeed, for what comes after it. */
  refreshToken(): Promise<string>
}

export interface RigOptions extends Partial<Omit<SignInOptions, 'oidc'>> {
  readonly manners?: Partial<Manners>
  readonly oidc?: Partial<z.input<typeof OidcSection>>
  /** The provider speaks https with this certificate. */
  readonly tls?: Certificate
  /** Sets `discovery_url` to the provider's document, for an issuer that is not its own. */
  readonly discoverAt?: boolean
  /** Whether connections to this machine pass the guard; true when left out. */
  readonly allowLoopback?: boolean
}

/** Short times, since some of the tests wait for them to pass. */
const TIMING = { signInMs: 10_000, refreshCallMs: 5_000, bootPauseMs: 0 }

export async function openRig({
  manners,
  oidc,
  tls,
  discoverAt = false,
  allowLoopback = true,
  ...options
}: RigOptions = {}): Promise<SignInRig> {
  const idp = await startIdp(manners, tls)
  const network = openNetwork({ allowLoopback })
  const close = () => Promise.all([network.close(), idp[Symbol.asyncDispose]()])
  const log = recordLog()
  const discovery_url = `${idp.issuer}/.well-known/openid-configuration`
  const config = oidcFor(idp, { ...oidc, ...(discoverAt && { discovery_url }) })
  const dispatcher = network.dispatcher({ purpose: 'idp', ca: config.ca_cert_pem })
  const signIn = await openSignIn({
    ...{ oidc: config, log, publicUrl: 'https://gateway.example', clock: Date.now },
    fetch: guardedFetch({ dispatcher, totalMs: 10_000, maxBytes: 1024 * 1024 }),
    ...{ groupLookup: null, namesGroups: false, priorityGroups: [] },
    ...options,
    timing: { ...TIMING, ...options.timing },
  }).catch(async error => {
    await close()
    throw error
  })
  const signInOnce = (alter?: (callback: URL) => void) => walk(signIn, config, alter)
  return {
    ...{ idp, signIn, log, signInOnce },
    async refreshToken() {
      const outcome = await signInOnce()
      if (outcome.kind !== 'signed_in' || outcome.refreshToken === null)
        throw new Error(JSON.stringify(outcome))
      return outcome.refreshToken
    },
    [Symbol.asyncDispose]: async () => void (await close()),
  }
}

/** The `oidc` section for `idp`, with its defaults. */
export function oidcFor(idp: { readonly issuer: string }, oidc: RigOptions['oidc'] = {}): OidcConfig {
  const secret = oidc?.client_assertion ? {} : { client_secret: CLIENT.client_secret }
  return OidcSection.parse({ issuer: idp.issuer, client_id: CLIENT.client_id, ...secret, ...oidc })
}

async function walk(
  signIn: SignIn,
  oidc: OidcConfig,
  alter?: (callback: URL) => void,
): Promise<SignInOutcome> {
  const [state, nonce] = [randomText(), randomText()]
  const codeVerifier = oidc.use_pkce ? randomText() : null
  const callback = new URL(await approveAtIdp(await signIn.authorizationUrl({ state, nonce, codeVerifier })))
  alter?.(callback)
  return signIn.complete({ searchParams: callback.searchParams, nonce, codeVerifier })
}

function randomText(): string {
  return randomBytes(32).toString('base64url')
}
