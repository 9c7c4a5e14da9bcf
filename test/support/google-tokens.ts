// Who holds which access token at Google, and how they come by one: metadata server, IAM Credentials, token endpoint.
import { randomBytes } from 'node:crypto'
import { claimsOf, serviceAccount } from './google.ts'

/** The account of the workload that the gateway runs as. */
export const RUNTIME = 'gateway@p.iam.gserviceaccount.com'
/** The account that holds the Workspace role, or the delegation. */
export const DIRECTORY = 'directory@p.iam.gserviceaccount.com'
export const ADMIN = 'admin@example.com'

export interface Holder {
  readonly account: string
  /** Whom a delegated token acts as. */
  readonly sub?: string
  readonly scope: string
  isExpired: boolean
}

export interface Reply {
  readonly status: number
  readonly body: unknown
}

/** An error as Google's APIs write it. */
export function refusal(
  status: number,
  word: string,
  details: { reason?: string; message?: string } = {},
): Reply {
  const { reason, message = 'refused' } = details
  const errors = reason === undefined ? [] : [{ domain: 'global', reason, message }]
  return { status, body: { error: { code: status, message, errors, status: word } } }
}

/** Google's side of service accounts. */
export class GoogleAccounts {
  readonly issued = new Map<string, Holder>()
  /** The claims of every assertion that came to the token endpoint. */
  readonly assertions: Record<string, unknown>[] = []
  /** Scopes of the domain-wide delegation of `DIRECTORY`. */
  delegated = [
    'https://www.googleapis.com/auth/admin.directory.group.readonly',
    'https://www.googleapis.com/auth/cloud-identity.groups.readonly',
  ]
  /** What the runtime account may do with `DIRECTORY` and with itself. */
  permissions = new Set(['getAccessToken', 'signJwt'])
  isIamEnabled = true
  lifetimeSeconds = 3599
  /** The clock of Google, in seconds since the epoch. */
  seconds = () => Date.now() / 1000
  readonly key = serviceAccount()

  issue(holder: Omit<Holder, 'isExpired'>): string {
    const token = `ya29.${randomBytes(9).toString('base64url')}`
    this.issued.set(token, { ...holder, isExpired: false })
    return token
  }

  /** The holder of a request's bearer; null for one that is not, or no longer, known. */
  holderOf(authorization: string | undefined): Holder | null {
    const holder = this.issued.get(authorization?.replace(/^Bearer /, '') ?? '')
    return holder === undefined || holder.isExpired ? null : holder
  }

  /** `POST /v1/projects/-/serviceAccounts/…:generateAccessToken` and `:signJwt`. */
  iam(path: string, holder: Holder | null, body: Record<string, unknown>): Reply {
    const [, account = '', method = ''] =
      /serviceAccounts\/([^:]+):(\w+)$/.exec(decodeURIComponent(path)) ?? []
    if (!this.isIamEnabled) {
      const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'SERVICE_DISABLED' }]
      return {
        status: 403,
        body: { error: { code: 403, message: 'not used before', status: 'PERMISSION_DENIED', details } },
      }
    }
    if (holder === null) return refusal(401, 'UNAUTHENTICATED')
    const needed = method === 'signJwt' ? 'signJwt' : 'getAccessToken'
    const mayAct = holder.scope.endsWith('/cloud-platform') && this.permissions.has(needed)
    if (!mayAct) return refusal(403, 'PERMISSION_DENIED', { message: `iam.serviceAccounts.${needed} denied` })
    if (method === 'signJwt')
      return { status: 200, body: { keyId: 'k1', signedJwt: this.#sign(String(body['payload'])) } }
    const expireTime = new Date((this.seconds() + this.lifetimeSeconds) * 1000).toISOString()
    const [scope = ''] = Array.isArray(body['scope']) ? body['scope'].map(String) : []
    return { status: 200, body: { accessToken: this.issue({ account, scope }), expireTime } }
  }

  /** `POST https://oauth2.googleapis.com/token`, by the letter of RFC 7523 and with Google's own words. */
  token(form: URLSearchParams): Reply {
    const { isSigned, alg, ...claims } = claimsOf(form.get('assertion') ?? '', this.key.publicKey)
    this.assertions.push(claims)
    const { sub, scope, aud, iat, exp } = claims
    const invalid = (error_description: string) => ({
      status: 400,
      body: { error: 'invalid_grant', error_description },
    })
    if (!isSigned || alg !== 'RS256') return invalid('Invalid JWT Signature.')
    if (aud !== 'https://oauth2.googleapis.com/token') return invalid('Invalid JWT: wrong audience')
    const isShort = Number(exp) - Number(iat) <= 3600 && Math.abs(Number(iat) - this.seconds()) < 300
    if (!isShort) return invalid('Invalid JWT: Token must be a short-lived token (60 minutes)')
    if (!this.delegated.includes(String(scope))) {
      const error_description = 'Client is unauthorized to retrieve access tokens using this method'
      return { status: 401, body: { error: 'unauthorized_client', error_description } }
    }
    if (sub !== ADMIN) return invalid('Invalid email or User ID')
    const access_token = this.issue({ account: DIRECTORY, sub: ADMIN, scope: String(scope) })
    return { status: 200, body: { access_token, expires_in: this.lifetimeSeconds, token_type: 'Bearer' } }
  }

  #sign(payload: string): string {
    return this.key.sign(JSON.parse(payload))
  }
}
