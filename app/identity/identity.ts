/** Who a developer is, as the identity provider told it; the members are the claims of the bearer. */
export interface Identity {
  /** The IdP's subject, at most 255 characters. */
  readonly sub: string
  readonly email?: string
  readonly name?: string
  /** Absent when the IdP told nothing about groups. */
  readonly groups?: readonly string[]
}
