import type { Identity } from './identity.ts'

/**
 * The gateway's side of the conversation with the company's identity provider.
 *
 * Nothing here throws for anything that an identity provider can do: every end is an outcome. The operator's
 * log lines about these outcomes are written here as well; callers audit, answer, and log nothing more.
 */
export interface SignIn {
  /** The discovered endpoint, for the sign-in page's `form-action`. */
  readonly authorizationEndpoint: string
  /** S-22. `codeVerifier` is null exactly when `oidc.use_pkce` is false. */
  authorizationUrl(request: AuthorizationRequest): Promise<string>
  /** Takes a claimed callback to an identity: RFC 9207, exchange, id_token, claims, groups, admission. */
  complete(callback: AuthorizationCallback): Promise<SignInOutcome>
  /** Asks the IdP again, at every refresh of a session (S-55, S-56). */
  renew(session: RenewRequest): Promise<RenewOutcome>
  /** Tells the IdP that a refresh token is no longer needed. Never rejects; a failure is logged. */
  revoke(refreshToken: string): Promise<void>
}

export interface AuthorizationRequest {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string | null
}

export interface AuthorizationCallback {
  /** The callback's whole query; `state` and `error` were dealt with before. */
  readonly searchParams: URLSearchParams
  readonly nonce: string
  readonly codeVerifier: string | null
}

export interface RenewRequest {
  readonly refreshToken: string
  /** The subject that signed in: another one ends the session. Absent for a raw token, which names nobody (S-54). */
  readonly sub?: string | undefined
  /** The address last known: the key of a group look-up when the fresh documents hold none. */
  readonly email?: string | undefined
}

/** `cause` picks the page: exchange CB-6, id_token CB-7, admission CB-8, groups CB-9, issuer CB-10. */
export type SignInOutcome =
  | {
      readonly kind: 'signed_in'
      readonly identity: Identity
      /** Null when the IdP gave none. */
      readonly refreshToken: string | null
      readonly groupsStale: boolean
    }
  | ({
      readonly kind: 'failed'
      readonly cause: 'exchange' | 'id_token' | 'admission' | 'groups' | 'issuer'
    } & OutcomeFacts)

export type RenewOutcome =
  | {
      readonly kind: 'renewed'
      readonly identity: Identity
      /** Non-null only when the IdP returned another refresh token than the one it was shown. */
      readonly refreshToken: string | null
      readonly groupsStale: boolean
    }
  /** 401 `invalid_grant`; the session ends with its bearer. */
  | ({ readonly kind: 'ended' } & OutcomeFacts)
  /** 401 `invalid_grant`, and the family is revoked at once. */
  | ({ readonly kind: 'not_admitted' } & OutcomeFacts)
  /** 503. `network` says that the IdP did not answer at all: the caller spares it for 5 s (S-55). */
  | ({ readonly kind: 'unavailable'; readonly network: boolean } & OutcomeFacts)
  /** 503; the gateway's configuration at the IdP is at fault, not the developer. */
  | ({ readonly kind: 'misconfigured' } & OutcomeFacts)

/** For the audit line: a reason of ours, where it happened, and the IdP's error code or status. */
export interface OutcomeFacts {
  readonly err: string
  readonly step?: string
  readonly answer?: string
}
