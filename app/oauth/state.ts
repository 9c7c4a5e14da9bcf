// The `state` of one trip to the identity provider: everything the callback needs, sealed into the URL.
// No row is kept for it, so any replica serves the callback and a forgery costs no query (S-23).
import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import type { Sealer } from '../session/seal.ts'

/** A trip may take as long as a grant waits. */
export const STATE_LIFETIME_SECONDS = 600

const SignInStateShape = z.object({
  /** Claimed at the callback: one trip, one use. */
  jti: z.string().min(1),
  /** The grant's device hash in base64url. */
  grant: z.string().min(1),
  nonce: z.string().min(1),
  /** The PKCE verifier; null when the IdP does not take PKCE. */
  verifier: z.string().nullable(),
  /** SHA-256 of the binding cookie, in base64url. */
  cookie: z.string().min(1),
  /** The terminal's address, to say at the end whether the browser's was another. */
  from: z.string(),
  /** Seconds since the Unix epoch. */
  exp: z.number(),
})

export type SignInState = Readonly<z.infer<typeof SignInStateShape>>

export interface Trip {
  readonly deviceHash: Buffer
  readonly bindingCookie: string
  readonly terminalAddress: string
  readonly usePkce: boolean
}

/** A fresh state for one trip, with its own random `jti`, `nonce` and verifier. */
export function startTrip(trip: Trip, now: Clock): SignInState {
  return {
    jti: randomBytes(16).toString('base64url'),
    grant: trip.deviceHash.toString('base64url'),
    nonce: randomBytes(32).toString('base64url'),
    verifier: trip.usePkce ? randomBytes(32).toString('base64url') : null,
    cookie: cookieDigest(trip.bindingCookie),
    from: trip.terminalAddress,
    exp: Math.floor(now() / 1000) + STATE_LIFETIME_SECONDS,
  }
}

/** The state as it travels: at most 1,024 characters. */
export function sealState(sealer: Sealer, state: SignInState): Promise<string> {
  return sealer.seal('state', state)
}

/** Opens a travelled state; null when it is forged, of another purpose, or expired. */
export async function openState(sealer: Sealer, sealed: string, now: Clock): Promise<SignInState | null> {
  const parsed = SignInStateShape.safeParse(await sealer.open('state', sealed))
  if (!parsed.success) return null
  return parsed.data.exp > now() / 1000 ? parsed.data : null
}

/** What a state remembers of the binding cookie. */
export function cookieDigest(bindingCookie: string): string {
  return createHash('sha256').update(bindingCookie).digest('base64url')
}
