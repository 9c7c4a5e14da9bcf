// `POST /oauth/revoke` (RFC 7009): a terminal signs out, and every token of its session ends.
import type { FastifyRequest, RouteOptions } from 'fastify'
import type { Audit } from '../audit/events.ts'
import { parseForm, readBody } from '../http/body.ts'
import { Refusal } from '../http/errors.ts'
import type { IdentityProvider } from '../session/identity-provider.ts'
import { familyOf } from '../session/refresh.ts'
import { unwrapRefreshToken } from '../session/refresh-token.ts'
import { bearerKey, type Revocable, type Revocations } from '../session/revocations.ts'
import { looksSealed, type Sealer } from '../session/seal.ts'
import { looksMinted, type Tokens } from '../session/token.ts'
import { onlyValue, requiredValue } from './form-value.ts'
import { NOT_STORED } from './token-answer.ts'

const MAX_BODY_BYTES = 64 * 1024

/** More sign-outs than this at once are kept from the IdP; they hold here all the same. */
const MAX_TOLD_AT_ONCE = 16

export interface RevokeOptions {
  readonly tokens: Tokens
  readonly sealer: Sealer
  readonly revocations: Revocations
  readonly audit: Audit
  /** Told as well, with `session.revoke_at_idp`; else null. */
  readonly idp: Pick<IdentityProvider, 'revoke'> | null
  /** Whether terminals may hold tokens of the IdP itself, which only the IdP can withdraw. */
  readonly takesRaw: boolean
}

/** The route; whether a token was known is nobody's business, so the answer is the same (RFC 7009 section 2.2). */
export function revoke(options: RevokeOptions): RouteOptions {
  const tellIdp = idpTeller(options.idp)
  return {
    method: 'POST',
    url: '/oauth/revoke',
    config: { envelope: 'oauth', maxBodyBytes: MAX_BODY_BYTES, servedWhileDraining: true },
    handler: async (request, reply) => {
      reply.headers(NOT_STORED)
      const form = parseForm(request, await readBody(request, MAX_BODY_BYTES))
      if (form === null) throw new Refusal('invalid_request', '')
      onlyValue(form, 'token_type_hint')
      const token = requiredValue(form, 'token')
      const known = await readToken(token, options)
      const idpToken = known === null && isRaw(token, options) ? token : known?.rt
      if (idpToken != null) tellIdp(idpToken)
      if (known !== null) await withdraw(request, known, options)
      return reply.send()
    },
  }
}

interface KnownToken {
  readonly family: Revocable
  readonly sid: string | null
  readonly rt: string | null
}

/** Either kind of token, expired or not: log-out says no more about it than that it should not work. */
async function readToken(token: string, { tokens, sealer }: RevokeOptions): Promise<KnownToken | null> {
  const wrapped = await unwrapRefreshToken(sealer, token)
  if (wrapped !== null) return { family: familyOf(wrapped), sid: wrapped.sid, rt: wrapped.rt }
  const session = await tokens.verify(token)
  if (session === null) return null
  const { identity, sid, iat } = session
  return { family: { key: bearerKey(session), sub: identity.sub, iat }, sid, rt: null }
}

function isRaw(token: string, { takesRaw }: RevokeOptions): boolean {
  return takesRaw && !looksSealed(token) && !looksMinted(token)
}

async function withdraw(
  request: FastifyRequest,
  { family, sid }: KnownToken,
  { revocations, audit }: RevokeOptions,
): Promise<void> {
  const { isNew, isStored } = await revocations.revoke(family, 'logout')
  if (isNew) {
    audit.write({
      evt: 'session.revoke',
      request_id: request.id,
      ...(sid !== null && { sid }),
      sub: family.sub,
      client_ip: request.clientAddress,
      reason: 'logout',
    })
  }
  if (!isStored) throw new Refusal('temporarily_unavailable', '')
}

/** Tells the IdP without making anybody wait; `IdentityProvider.revoke` logs its own failures. */
function idpTeller(idp: RevokeOptions['idp']): (refreshToken: string) => void {
  let running = 0
  return refreshToken => {
    if (idp === null || running >= MAX_TOLD_AT_ONCE) return
    running += 1
    idp.revoke(refreshToken).finally(() => {
      running -= 1
    })
  }
}
