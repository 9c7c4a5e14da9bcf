import type { z } from 'zod'
import { closed, decimal, list, scalar, text, Unfit } from './scalar.ts'

/** The bearer tokens the gateway mints after sign-in. */
export const SessionSection = closed({
  /** Index 0 signs; every entry verifies. Rotate by prepending, waiting `ttl_hours`, then dropping. */
  jwt_secret: scalar<unknown>(input => (Array.isArray(input) ? input : [input])).pipe(
    list(signingSecret(), 'at least one secret is needed.'),
  ),
  ttl_hours: decimal({ above: 0, max: 8760 }).default(1),
})

/** `session`, defaults filled in. */
export type SessionConfig = z.infer<typeof SessionSection>

function signingSecret(): z.ZodType<string> {
  return text(value =>
    value.length < 32 ? new Unfit('at least 32', 'generate one with `openssl rand -base64 32`.') : undefined,
  )
}
