import {
  allowInsecureRequests,
  buildAuthorizationUrl,
  type ClientAuth,
  Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  fetchUserInfo,
  genericGrantRequest,
  refreshTokenGrant,
  skipSubjectCheck,
  type TokenEndpointResponse,
  tokenRevocation,
} from 'openid-client'
import type { ClaimsDocument } from './claims.ts'
import type { Conversation } from './conversation.ts'
import { failureOf, IdpFailure, type IdpStep, isObject } from './idp-failure.ts'
import type { IdpMetadata } from './metadata.ts'
import { type IdpObserver, observed } from './observer.ts'
import type { AuthorizationRequest } from './sign-in.ts'

/** The questions that the gateway puts to the identity provider. Each throws IdpFailure when it has no answer. */
export interface Idp {
  authorizationUrl(request: AuthorizationRequest): Promise<string>
  exchange(code: string, codeVerifier: string | null, conversation: Conversation): Promise<Tokens>
  refresh(refreshToken: string, conversation: Conversation): Promise<Tokens>
  /** The person's document; that it is about the right person is for the caller to check. */
  userinfo(accessToken: string, conversation: Conversation): Promise<ClaimsDocument>
  revoke(refreshToken: string, conversation: Conversation): Promise<void>
}

/** What a token endpoint gave. The id_token is not verified yet. */
export interface Tokens {
  readonly accessToken: string
  readonly idToken: string | null
  readonly refreshToken: string | null
}

interface IdpOptions {
  readonly metadata: IdpMetadata
  readonly authenticate: ClientAuth
  readonly redirectUri: string
  readonly client_id: string
  readonly scopes: readonly string[]
  readonly scope_on_refresh: boolean
  readonly extra_auth_params: Readonly<Record<string, string>>
  /** Null when nobody measures. */
  readonly observer: IdpObserver | null
}

export function createIdp(options: IdpOptions): Idp {
  const { metadata, redirectUri } = options
  const scope = options.scopes.join(' ')
  return {
    authorizationUrl: request => authorizationUrl(request, options),
    exchange: (code, codeVerifier, conversation) =>
      askForTokens(options, conversation, configuration =>
        genericGrantRequest(configuration, 'authorization_code', {
          code,
          redirect_uri: redirectUri,
          ...(codeVerifier !== null && { code_verifier: codeVerifier }),
        }),
      ),
    refresh: (refreshToken, conversation) =>
      askForTokens(options, conversation, configuration =>
        refreshTokenGrant(configuration, refreshToken, options.scope_on_refresh ? { scope } : {}),
      ),
    userinfo: (accessToken, conversation) =>
      asking('userinfo', options, () =>
        fetchUserInfo(configure(options, conversation.fetch), accessToken, skipSubjectCheck),
      ),
    async revoke(refreshToken, conversation) {
      if (metadata.revocation_endpoint === undefined) return
      const configuration = configure(options, conversation.fetch)
      await asking('revocation', options, () =>
        tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' }),
      )
    },
  }
}

async function authorizationUrl(request: AuthorizationRequest, options: IdpOptions): Promise<string> {
  const { state, nonce, codeVerifier } = request
  const url = buildAuthorizationUrl(configure(options, noRequest), {
    client_id: options.client_id,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: options.redirectUri,
    scope: options.scopes.join(' '),
    nonce,
    state,
    ...(codeVerifier !== null && {
      code_challenge: await calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    }),
    ...options.extra_auth_params,
  })
  return url.href
}

/**
 * Puts a grant request, and takes the id_token out of the answer before openid-client sees it.
 *
 * The library's own check knows no additional authorized parties, lets a foreign `azp` pass beside a single
 * audience, and cannot ask for keys again: verifyIdToken judges the token instead, and alone.
 */
async function askForTokens(
  options: IdpOptions,
  conversation: Conversation,
  request: (configuration: Configuration) => Promise<TokenEndpointResponse>,
): Promise<Tokens> {
  let idToken: string | null = null
  const fetchAside: typeof globalThis.fetch = async (input, init) => {
    const response = await conversation.fetch(input, init)
    if (response.status !== 200) return response
    const answer: unknown = await response.json()
    if (!isObject(answer)) throw new IdpFailure('token', { kind: 'bad_answer', what: 'malformed' })
    const { id_token, ...rest } = answer
    idToken = typeof id_token === 'string' ? id_token : null
    return Response.json(rest)
  }
  const tokens = await asking('token', options, () => request(configure(options, fetchAside)))
  return { accessToken: tokens.access_token, idToken, refreshToken: tokens.refresh_token ?? null }
}

async function asking<T>(
  step: IdpStep,
  { observer }: Pick<IdpOptions, 'observer'>,
  question: () => Promise<T>,
): Promise<T> {
  try {
    return await observed(observer, step, question)
  } catch (thrown) {
    throw await failureOf(step, thrown)
  }
}

// One configuration per conversation, because its fetch carries that conversation's conversation.
function configure(options: IdpOptions, ask: typeof globalThis.fetch): Configuration {
  const { issuer, authorization_endpoint, token_endpoint, userinfo_endpoint, revocation_endpoint } =
    options.metadata
  const server = {
    issuer,
    authorization_endpoint,
    token_endpoint,
    ...(userinfo_endpoint !== undefined && { userinfo_endpoint }),
    ...(revocation_endpoint !== undefined && { revocation_endpoint }),
  }
  const configuration = new Configuration(server, options.client_id, undefined, options.authenticate)
  configuration[customFetch] = (url, init) => ask(url, { ...init, body: init.body ?? null })
  // Plain http was decided on when the metadata was read: only under an issuer that is plain http itself.
  allowInsecureRequests(configuration)
  return configuration
}

// Building a URL asks nothing of the network.
const noRequest: typeof globalThis.fetch = () => Promise.reject(new Error('no request was expected'))
