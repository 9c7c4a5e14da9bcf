// Domain-wide delegation: an assertion about an administrator, exchanged for a token that acts as them (RFC 7523).
import { z } from 'zod'
import type { FetchedToken } from '../../lib/expiring-token.ts'
import type { ApiAnswer } from '../../net/google-apis.ts'
import { answeredObject, askPatiently, type Patience } from './asking.ts'
import { GroupLookupFault, malformedFault, tokenFault } from './group-fault.ts'

/** What the assertion says; `aud` names the only place that may take it. */
export interface AssertionClaims {
  readonly iss: string
  readonly sub: string
  readonly scope: string
  readonly aud: typeof TOKEN_ENDPOINT
  readonly iat: number
  readonly exp: number
}

/** Signs for a service account: with Google's own key of it, or with a key file. */
export interface Signer {
  /** The account that is `iss`. */
  account(): Promise<string>
  /** A compact JWS over the claims. */
  sign(claims: AssertionClaims, patience: Patience): Promise<string>
}

export interface DelegationOptions {
  readonly signer: Signer
  /** The administrator on whose behalf groups are read. */
  readonly admin: string
  readonly scope: string
  /** Guarded: no redirects, bounded in time and length. */
  readonly transport: typeof fetch
  readonly now: number
}

export const TOKEN_ENDPOINT = 'https://oauth2.googleapis.com/token'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** The longest life that Google accepts. */
const ASSERTION_SECONDS = 3600

/** Signs and exchanges; rejects with GroupLookupFault. */
export async function delegatedToken(options: DelegationOptions, patience: Patience): Promise<FetchedToken> {
  const { signer, admin, scope, transport, now } = options
  const iat = Math.floor(now / 1000)
  const iss = await signer.account()
  const times = { iat, exp: iat + ASSERTION_SECONDS }
  const assertion = await signer.sign({ iss, sub: admin, scope, aud: TOKEN_ENDPOINT, ...times }, patience)
  const answer = await askPatiently('token', () => post(transport, assertion, patience.signal), patience)
  if (answer.status !== 200) throw new GroupLookupFault(tokenFault(answer))
  const granted = Granted.safeParse(answeredObject('token', answer.body))
  if (!granted.success) throw new GroupLookupFault(malformedFault('token', 'no_token'))
  return { token: granted.data.access_token, expiresIn: granted.data.expires_in }
}

const Granted = z.object({
  // What can stand in a header.
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  expires_in: z.number().positive(),
})

async function post(transport: typeof fetch, assertion: string, signal: AbortSignal): Promise<ApiAnswer> {
  const body = new URLSearchParams({ grant_type: GRANT, assertion })
  const response = await transport(TOKEN_ENDPOINT, { method: 'POST', body, signal })
  return { status: response.status, body: jsonOf(await response.text()) }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text // no JSON, which is for the reader to refuse
  }
}
