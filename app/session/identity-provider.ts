import type { SessionIdentity } from './token.ts'

/** What a session asks of the identity provider; `SignIn` of identity/ answers it. */
export interface IdentityProvider {
  renew(request: RenewRequest): Promise<ProviderAnswer>
  revoke(refreshToken: string): Promise<void>
}

export interface RenewRequest {
  readonly refreshToken: string
  /** The subject that signed in; absent for a raw token, which names nobody. */
  readonly sub?: string | undefined
}

/** Every end a renewal at the IdP can have. */
export type ProviderAnswer =
  | {
      readonly kind: 'renewed'
      readonly identity: SessionIdentity
      /** Non-null only when the IdP returned another refresh token than the one it was shown. */
      readonly refreshToken: string | null
      readonly groupsStale: boolean
    }
  | ({ readonly kind: 'ended' | 'not_admitted' | 'misconfigured' } & FailureFacts)
  | ({ readonly kind: 'unavailable'; readonly network: boolean } & FailureFacts)

/** For the audit line: a reason of ours, where it happened, and the IdP's error code or status. */
export interface FailureFacts {
  readonly err: string
  readonly step?: string
  readonly answer?: string
}
