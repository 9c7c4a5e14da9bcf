// The refresh token that a terminal holds: the IdP's own, sealed, so that a stolen file is worth nothing there
// and nothing here once the session is withdrawn (S-54).
import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import type { Sealer } from './seal.ts'

const DAY_SECONDS = 86_400

const RefreshTokenShape = z.object({
  sid: z.string().min(1),
  /** Grows by one whenever the IdP replaces its own token. */
  gen: z.int().min(0),
  sub: z.string().min(1),
  /** The IdP's refresh token. */
  rt: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
})

/** What a wrapped refresh token holds; times are seconds since the Unix epoch. */
export type RefreshToken = Readonly<z.infer<typeof RefreshTokenShape>>

export interface RefreshTokenTerms {
  readonly sealer: Sealer
  readonly clock: Clock
  readonly idleDays: number
}

/** Wraps a token that lives `idleDays` from now; every refresh renews them. */
export function wrapRefreshToken(
  token: Pick<RefreshToken, 'sid' | 'gen' | 'sub' | 'rt'>,
  { sealer, clock, idleDays }: RefreshTokenTerms,
): Promise<string> {
  const iat = Math.floor(clock() / 1000)
  const { sid, gen, sub, rt } = token
  return sealer.seal('refresh', { sid, gen, sub, rt, iat, exp: iat + idleDays * DAY_SECONDS })
}

/** Opens a wrapped token, expired or not; null for anything that this gateway did not wrap. */
export async function unwrapRefreshToken(sealer: Sealer, wrapped: string): Promise<RefreshToken | null> {
  const parsed = RefreshTokenShape.safeParse(await sealer.open('refresh', wrapped))
  return parsed.success ? parsed.data : null
}
