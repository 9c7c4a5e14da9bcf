// The bearers the gateway mints after sign-in, and the check that every request passes.
import { hash, randomBytes } from 'node:crypto'
import { compactVerify, decodeJwt, decodeProtectedHeader, errors, SignJWT } from 'jose'
import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import type { Keyring, SessionKey } from './keyring.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

/** The audience of every bearer; the reference gateway's too, so its tokens stay valid after a move. */
const AUDIENCE = 'claude-gateway'

const MAX_TOKEN_LENGTH = 64 * 1024

/** A bearer without `kid` is tried with at most this many secrets. */
const MAX_KEYS_TRIED = 8

/** The claims that say who a developer is; `groups` is absent when the IdP told nothing about them. */
export const IdentityShape = z.object({
  sub: z.string().min(1),
  email: z.string().exactOptional(),
  name: z.string().exactOptional(),
  groups: z.array(z.string()).readonly().exactOptional(),
})

export type SessionIdentity = Readonly<z.infer<typeof IdentityShape>>

/** What a verified bearer proves. Times are seconds since the Unix epoch. */
export interface Session {
  readonly identity: SessionIdentity
  /** The family that sign-in began and refreshes keep; null for a bearer of a replaced reference gateway. */
  readonly sid: string | null
  readonly iat: number
  readonly exp: number
  /** SHA-256 of the bearer, in base64url. */
  readonly digest: string
}

export interface Bearer {
  readonly token: string
  /** Seconds. */
  readonly expiresIn: number
}

export interface Tokens {
  mint(identity: SessionIdentity, sid: string): Promise<Bearer>
  /**
   * What a bearer of this gateway proves, or null for anything else.
   *
   * The answer may be remembered, and an expired or revoked bearer passes as well: the caller asks for
   * `exp` and revocation on every request.
   */
  verify(token: string): Promise<Session | null>
}

export interface TokenOptions {
  readonly keyring: Keyring
  /** `listen.public_url`: bearers of another address are not ours. */
  readonly issuer: string
  readonly ttlHours: number
  readonly clock: Clock
}

/** Mints and verifies with one keyring and issuer; what is remembered lives and dies with the two. */
export function createTokens(options: TokenOptions): Tokens {
  const verified = createVerifiedTokens()
  return {
    mint: (identity, sid) => mint(options, identity, sid),

    async verify(token) {
      if (token.length > MAX_TOKEN_LENGTH) return null
      const digest = digestOf(token)
      const known = verified.get(digest)
      if (known !== undefined) return known
      const session = await verify(options, token, digest)
      if (session !== null) verified.add(digest, session, token.length)
      return session
    },
  }
}

/** A fresh family of tokens: 128 random bits. */
export function drawSid(): string {
  return randomBytes(16).toString('base64url')
}

/** The name under which a token is remembered and revoked without being kept. */
export function digestOf(token: string): string {
  return hash('sha256', token, 'base64url')
}

/** Reports whether `token` says that it is a bearer of some gateway; nothing is verified. */
export function looksMinted(token: string): boolean {
  try {
    return decodeJwt(token).aud === AUDIENCE
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return false
    throw error
  }
}

async function mint(options: TokenOptions, identity: SessionIdentity, sid: string): Promise<Bearer> {
  const { kid, bearerKey } = options.keyring.current
  const iat = Math.floor(options.clock() / 1000)
  const expiresIn = Math.max(1, Math.round(options.ttlHours * 3600))
  const token = await new SignJWT({
    ...IdentityShape.parse(identity),
    aud: AUDIENCE,
    iss: options.issuer,
    iat,
    exp: iat + expiresIn,
    sid,
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid })
    .sign(bearerKey)
  return { token, expiresIn }
}

const ClaimsShape = IdentityShape.extend({
  aud: z.literal(AUDIENCE),
  iss: z.string(),
  iat: z.number(),
  exp: z.number(),
  sid: z.string().min(1).optional(),
})

async function verify(options: TokenOptions, token: string, digest: string): Promise<Session | null> {
  const keys = candidateKeys(options.keyring, token)
  for (const key of keys) {
    const payload = await signedPayload(token, key)
    if (payload === null) continue
    const claims = ClaimsShape.safeParse(payload)
    if (!claims.success || claims.data.iss !== options.issuer) return null
    const { sid = null, iat, exp } = claims.data
    return { identity: IdentityShape.parse(claims.data), sid, iat, exp, digest }
  }
  return null
}

/** The keys that may have signed `token`, judged by its header alone. */
function candidateKeys(keyring: Keyring, token: string): readonly SessionKey[] {
  try {
    const { alg, typ, crit, kid } = decodeProtectedHeader(token)
    if (alg !== 'HS256' || crit !== undefined || (typ !== undefined && typ !== 'JWT')) return []
    if (kid === undefined) return keyring.all.slice(0, MAX_KEYS_TRIED)
    return keyring.all.filter(key => key.kid === kid)
  } catch (error) {
    if (error instanceof TypeError) return [] // jose's word for a header that cannot be read
    throw error
  }
}

async function signedPayload(token: string, key: SessionKey): Promise<unknown> {
  try {
    const { payload } = await compactVerify(token, key.bearerKey, { algorithms: ['HS256'] })
    return JSON.parse(new TextDecoder().decode(payload))
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError) return null
    throw error
  }
}
