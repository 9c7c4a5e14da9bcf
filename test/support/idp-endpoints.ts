// The endpoints of the loopback identity provider, as the standards have them.
import { createHash, randomUUID } from 'node:crypto'
import { clientMethod } from './idp-client.ts'
import { ADA, CLIENT, type Endpoint, type Manners, type Person } from './idp-manners.ts'
import type { IdpKeys } from './idp-tokens.ts'

export interface SeenRequest {
  readonly endpoint: Endpoint
  readonly form: URLSearchParams
  /** How the client proved itself, at the endpoints that ask. */
  readonly method: string | null
}

interface Grant {
  readonly person: Person
  readonly request: URLSearchParams
}

export class IdpState {
  readonly origin: string
  readonly manners: Manners
  readonly keys: IdpKeys
  readonly requests: SeenRequest[] = []
  readonly codes = new Map<string, Grant>()
  readonly refreshTokens = new Map<string, Grant>()
  readonly spentRefreshTokens = new Set<string>()
  readonly accessTokens = new Map<string, Person>()
  person: Person = ADA

  constructor(origin: string, manners: Manners, keys: IdpKeys) {
    this.origin = origin
    this.manners = manners
    this.keys = keys
  }

  get issuer(): string {
    return `${this.origin}${this.manners.path}`
  }

  endSessions(): void {
    this.refreshTokens.clear()
  }
}

export interface Question {
  readonly state: IdpState
  readonly form: URLSearchParams
  readonly method: string | null
  readonly bearer: string
  readonly host: string
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export const ENDPOINTS: Readonly<Record<Endpoint, (question: Question) => Answer | Promise<Answer>>> = {
  discovery: ({ state }) => ({ status: 200, body: metadataOf(state) }),
  jwks: ({ state }) => ({ status: 200, body: state.keys.jwks() }),
  authorize,
  token: redeem,
  refresh,
  userinfo,
  revoke({ state, form, method }) {
    if (method === null) return refusal('invalid_client', 401)
    state.refreshTokens.delete(form.get('token') ?? '')
    return { status: 200 }
  },
}

/** Which endpoint a request is for. */
export function endpointOf(pathname: string, form: URLSearchParams, { manners }: IdpState): Endpoint | null {
  if (!pathname.startsWith(manners.path)) return null
  const path = pathname.slice(manners.path.length)
  if (path === '/token') return form.get('grant_type') === 'refresh_token' ? 'refresh' : 'token'
  const paths: Readonly<Record<string, Endpoint>> = {
    '/.well-known/openid-configuration': 'discovery',
    '/jwks': 'jwks',
    '/authorize': 'authorize',
    '/userinfo': 'userinfo',
    '/revoke': 'revoke',
  }
  return paths[path] ?? null
}

export function methodOf(
  state: IdpState,
  authorization: string | undefined,
  form: URLSearchParams,
): Promise<string | null> {
  const { clientMethods: methods, certificate: certificate_pem } = state.manners
  const client = { ...CLIENT, certificate_pem, methods, token_endpoint: `${state.issuer}/token` }
  return clientMethod(authorization, form, client)
}

function metadataOf(state: IdpState): unknown {
  const at = (path: string) => `${state.issuer}${path}`
  return {
    issuer: state.issuer,
    authorization_endpoint: at('/authorize'),
    token_endpoint: at('/token'),
    jwks_uri: at('/jwks'),
    userinfo_endpoint: at('/userinfo'),
    revocation_endpoint: at('/revoke'),
    token_endpoint_auth_methods_supported: state.manners.clientMethods,
    id_token_signing_alg_values_supported: ['RS256'],
    ...(state.manners.pkce !== 'refused' && { code_challenge_methods_supported: ['S256'] }),
    ...state.manners.metadata,
  }
}

function authorize({ state, form, host }: Question): Answer {
  if (form.get('client_id') !== CLIENT.client_id) return { status: 400 }
  // Told to the browser only: there is nowhere safe to send it (RFC 6749 section 4.1.2.1).
  if (form.get('redirect_uri') !== state.manners.redirectUri)
    return { status: 400, body: { error: 'redirect_uri_mismatch' } }
  const { manners } = state
  if (manners.secondHost && host.startsWith('127.')) {
    const elsewhere = `${state.issuer.replace('127.0.0.1', 'localhost')}/authorize?${form}`
    return { status: 302, headers: { location: elsewhere } }
  }
  const scopes = (form.get('scope') ?? '').split(' ')
  if (scopes.some(scope => manners.refusedScopes.includes(scope)))
    return back(form, state, { error: 'invalid_scope' })
  const hasChallenge = form.has('code_challenge') && form.get('code_challenge_method') === 'S256'
  const isPkceFault = manners.pkce === 'required' ? !hasChallenge : manners.pkce === 'refused' && hasChallenge
  const isFaulty =
    form.get('response_type') !== 'code' || form.get('response_mode') !== 'query' || !form.has('nonce')
  if (isPkceFault || isFaulty) return back(form, state, { error: 'invalid_request' })
  const code = randomUUID()
  state.codes.set(code, { person: state.person, request: form })
  return back(form, state, { code })
}

function back(form: URLSearchParams, state: IdpState, members: Readonly<Record<string, string>>): Answer {
  const location = new URL(state.manners.redirectUri)
  for (const [name, value] of Object.entries(members)) location.searchParams.set(name, value)
  location.searchParams.set('state', form.get('state') ?? '')
  for (const iss of state.manners.iss(state.issuer)) location.searchParams.append('iss', iss)
  return { status: 302, headers: { location: location.href } }
}

async function redeem({ state, form, method }: Question): Promise<Answer> {
  if (method === null) return refusal('invalid_client', 401)
  if (form.get('grant_type') !== 'authorization_code') return refusal('unsupported_grant_type')
  const grant = state.codes.get(form.get('code') ?? '')
  state.codes.delete(form.get('code') ?? '')
  if (!grant || form.get('redirect_uri') !== state.manners.redirectUri) return refusal('invalid_grant')
  const challenge = grant.request.get('code_challenge')
  const presented = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  if (challenge !== null && challenge !== presented) return refusal('invalid_grant')
  const nonce = grant.request.get('nonce') ?? ''
  return {
    status: 200,
    body: { ...(await tokensFor(state, grant, { nonce })), ...refreshTokenFor(state, grant, null) },
  }
}

async function refresh({ state, form, method }: Question): Promise<Answer> {
  if (method === null) return refusal('invalid_client', 401)
  const presented = form.get('refresh_token') ?? ''
  if (state.spentRefreshTokens.has(presented)) state.endSessions()
  const grant = state.refreshTokens.get(presented)
  if (!grant) return refusal('invalid_grant')
  const { idTokenOnRefresh } = state.manners
  const hasIdToken = idTokenOnRefresh === 'always' || (idTokenOnRefresh === 'with_scope' && form.has('scope'))
  const { id_token, ...rest } = await tokensFor(state, grant, {})
  return {
    status: 200,
    body: { ...rest, ...(hasIdToken && { id_token }), ...refreshTokenFor(state, grant, presented) },
  }
}

function refreshTokenFor(
  state: IdpState,
  grant: Grant,
  presented: string | null,
): { refresh_token?: string } {
  const { refreshToken } = state.manners
  if (refreshToken === 'none' || (refreshToken === 'kept' && presented !== null)) return {}
  if (presented !== null) {
    state.refreshTokens.delete(presented)
    state.spentRefreshTokens.add(presented)
  }
  const refresh_token = `rt-${randomUUID()}`
  state.refreshTokens.set(refresh_token, grant)
  return { refresh_token }
}

async function tokensFor(state: IdpState, grant: Grant, extra: { nonce?: string }) {
  const { manners, keys, issuer } = state
  // A person's facts may change between the sign-in and a refresh.
  const person = state.person.sub === grant.person.sub ? state.person : grant.person
  const access_token = `at-${randomUUID()}`
  state.accessTokens.set(access_token, person)
  const now = Math.floor(Date.now() / 1000)
  const protocol = { iss: issuer, aud: CLIENT.client_id, iat: now, exp: now + 300, ...extra }
  const claims = manners.tamper({ ...told(person, manners.idTokenClaims), ...protocol })
  const id_token = await keys.sign(claims, {
    signature: manners.signature,
    clientSecret: CLIENT.client_secret,
  })
  return { access_token, token_type: 'Bearer', expires_in: 300, id_token }
}

function userinfo({ state, bearer }: Question): Answer {
  const person = state.accessTokens.get(bearer)
  if (!person) return { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }
  const sub = state.manners.userinfoSub ?? person.sub
  return { status: 200, body: { ...told(person, state.manners.userinfoClaims), sub } }
}

function told(person: Person, names: readonly string[] | null): Record<string, unknown> {
  const entries = Object.entries(person).filter(
    ([name]) => names === null || name === 'sub' || names.includes(name),
  )
  return Object.fromEntries(entries)
}

function refusal(error: string, status = 400): Answer {
  return { status, body: { error, error_description: 'AADSTS70000: told by the loopback provider' } }
}
