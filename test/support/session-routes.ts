// The endpoints behind the browser's leg, for tests that follow a sign-in to its bearer and beyond.
import type { RouteOptions } from 'fastify'
import type { Pool } from 'pg'
import { type GatehouseConfig, GatehouseSection } from '../../app/config/gatehouse.ts'
import type { SignIn } from '../../app/identity/sign-in.ts'
import { systemClock } from '../../app/lib/clock.ts'
import { createCondition } from '../../app/lib/condition.ts'
import { revoke } from '../../app/oauth/revoke.ts'
import { token } from '../../app/oauth/token.ts'
import { requireBearer } from '../../app/session/bearer.ts'
import { createKeyring } from '../../app/session/keyring.ts'
import { Renewals } from '../../app/session/renewal.ts'
import { openRevocations } from '../../app/session/revocations.ts'
import { createTokens } from '../../app/session/token.ts'
import { recordLog } from './recorded-log.ts'
import { SECRET, type SignInGatewayOptions } from './sign-in-gateway.ts'

export interface SessionRoutesOptions {
  readonly pool: Pool
  readonly signIn: SignIn
  readonly publicUrl?: string
  readonly rules?: Partial<GatehouseConfig['sign_in']>
}

/** Token, revocation, and `/whoami`, which only a bearer opens. */
export async function sessionRoutes(
  options: SessionRoutesOptions,
): Promise<NonNullable<SignInGatewayOptions['routes']>> {
  const { pool, signIn, publicUrl = 'https://gateway.example', rules } = options
  const { session, sign_in } = GatehouseSection.parse({ sign_in: rules })
  const log = recordLog()
  const clock = systemClock
  const ttlHours = 1
  const tokens = createTokens({ keyring: createKeyring([SECRET]), issuer: publicUrl, ttlHours, clock })
  const [idleDays, graceSeconds] = [session.refresh_idle_days, session.refresh_grace_seconds]
  const bounds = { storeMs: 2_000, maxRemembered: 1000 }
  const revocations = await openRevocations({ pool, clock, log, ttlHours, refreshIdleDays: idleDays, bounds })
  const storeSilence = createCondition({ log, clock, text: 'the store does not answer polls of sign-ins' })
  return (sealer, audit): RouteOptions[] => {
    const renewals = new Renewals({
      ...{ pool, sealer, idp: signIn, clock, log, graceSeconds, idleDays, storeMs: bounds.storeMs },
    })
    const collection = {
      pool,
      sealer,
      tokens,
      session,
      signIn: sign_in,
      audit,
      clock,
      ttlHours,
      storeSilence,
    }
    return [
      token({
        ...{ collection, audit, ttlHours },
        refreshing: { settings: session, tokens, sealer, revocations, renewals, clock },
      }),
      revoke({ tokens, sealer, revocations, audit, idp: null, takesRaw: false }),
      {
        method: 'GET',
        url: '/whoami',
        onRequest: requireBearer({ tokens, revocations, audit, clock }),
        handler: async request => request.session.identity,
      },
    ]
  }
}
