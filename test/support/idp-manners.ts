// What the loopback identity provider does, and who can sign in there.
import type { JWTPayload } from 'jose'
import type { Fault } from './idp-faults.ts'
import type { Signature } from './idp-tokens.ts'

/** Claims of somebody who can sign in; `sub` at least. */
export type Person = Readonly<Record<string, unknown>> & { readonly sub: string }

export interface Manners {
  /** The only one that is registered. */
  redirectUri: string
  /** A path under which everything lives, such as `/dex`. */
  path: string
  /** Members that replace those of the discovery document; `undefined` leaves one out. */
  metadata: Readonly<Record<string, unknown>>
  /** Claim names that the id_token carries of a person; null: all. */
  idTokenClaims: readonly string[] | null
  /** Claim names that userinfo tells; null: all. */
  userinfoClaims: readonly string[] | null
  /** Another subject answers at userinfo. */
  userinfoSub: string | null
  /** `rotating`: a new one each time, and reuse ends the whole session. */
  refreshToken: 'none' | 'kept' | 'rotating'
  idTokenOnRefresh: 'always' | 'never' | 'with_scope'
  /** The last hand on an id_token's claims before it is signed. */
  tamper: (claims: JWTPayload) => JWTPayload
  signature: Signature
  /** The callback's `iss` parameters (RFC 9207). */
  iss: (issuer: string) => readonly string[]
  clientMethods: readonly string[]
  /** The client's certificate for private_key_jwt. */
  certificate: string | null
  pkce: 'required' | 'optional' | 'refused'
  /** Scopes that this client may not ask for. */
  refusedScopes: readonly string[]
  /** The browser is sent over a second host, as ADFS farms do. */
  secondHost: boolean
  /** Awaited before an endpoint answers. */
  pause: (endpoint: Endpoint) => Promise<void>
  /** Endpoints that misbehave. `refresh` is the token endpoint when a refresh token is presented. */
  faults: Partial<Record<Endpoint, Fault>>
}

export type Endpoint = 'discovery' | 'jwks' | 'authorize' | 'token' | 'refresh' | 'userinfo' | 'revoke'

export const CLIENT = { client_id: 'gatehouse', client_secret: 'the secret:of the client' } as const
export const REDIRECT_URI = 'https://gateway.example/oauth/callback'

export const ADA: Person = {
  sub: 'u-ada',
  email: 'ada@example.com',
  email_verified: true,
  name: 'Ada Example',
  groups: ['engineering', 'on-call'],
}

export const POLITE: Manners = {
  redirectUri: REDIRECT_URI,
  path: '',
  metadata: {},
  idTokenClaims: null,
  userinfoClaims: null,
  userinfoSub: null,
  refreshToken: 'kept',
  idTokenOnRefresh: 'always',
  tamper: claims => claims,
  signature: 'honest',
  iss: () => [],
  clientMethods: ['client_secret_post', 'client_secret_basic'],
  certificate: null,
  pkce: 'required',
  refusedScopes: [],
  secondHost: false,
  pause: async () => {},
  faults: {},
}
