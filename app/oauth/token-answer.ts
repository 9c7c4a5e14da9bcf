/** The body of a token answer (RFC 6749 section 5.1). */
export interface TokenAnswer {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** Seconds. */
  readonly expires_in: number
  readonly refresh_token?: string
  /** Only with `sign_in.email_in_token_response`: the client then asks whether this is the right account. */
  readonly email?: string
}

/** RFC 6749 section 5.1: nobody on the way keeps a token. */
export const NOT_STORED = { 'cache-control': 'no-store', pragma: 'no-cache' } as const
