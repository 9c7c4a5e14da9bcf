import type { GatehouseConfig } from '../config/gatehouse.ts'
import type { Clock } from '../lib/clock.ts'
import { DeadlineExceeded, withDeadline } from '../lib/deadline.ts'
import type { FailureFacts } from './identity-provider.ts'
import { type RefreshToken, unwrapRefreshToken } from './refresh-token.ts'
import type { Renewal, Renewals, Renewed } from './renewal.ts'
import { familyKey, type Revocable, type RevocationReason, type Revocations } from './revocations.ts'
import { looksSealed, type Sealer } from './seal.ts'
import { type Bearer, looksMinted, type Tokens } from './token.ts'

/** The client waits ten seconds and then goes on with its old bearer (S-55). */
const TOTAL_MS = 8_000

export type RefreshOutcome =
  | {
      readonly kind: 'refreshed'
      readonly bearer: Bearer
      readonly refreshToken: string
      readonly renewed: Renewed
    }
  /** 401: the client deletes its refresh token, so never on a guess. */
  | { readonly kind: 'ended'; readonly facts: FailureFacts; readonly revoked: RevokedFamily | null }
  /** 503: the client keeps both tokens and tries again. */
  | { readonly kind: 'unavailable'; readonly facts: FailureFacts }

/** A family that this refresh withdrew, for the audit. */
interface RevokedFamily {
  readonly sid: string
  readonly sub: string
  readonly reason: RevocationReason
}

export interface RefreshOptions {
  readonly settings: GatehouseConfig['session']
  readonly tokens: Tokens
  readonly sealer: Sealer
  readonly revocations: Revocations
  readonly renewals: Renewals
  readonly clock: Clock
}

/** Takes a presented refresh token to a new bearer; in the order of S-55. */
export async function refresh(presented: string, options: RefreshOptions): Promise<RefreshOutcome> {
  try {
    // When time is up the renewal goes on, and the client's next try finds what it brought.
    return await withDeadline(refreshAtLeisure(presented, options), TOTAL_MS)
  } catch (error) {
    if (error instanceof DeadlineExceeded) return unavailable('timeout')
    throw error
  }
}

async function refreshAtLeisure(presented: string, options: RefreshOptions): Promise<RefreshOutcome> {
  const token = await unwrapRefreshToken(options.sealer, presented)
  if (token !== null) return refreshWrapped(token, options)
  const takesRaw = options.settings.refresh_token_mode !== 'wrapped'
  if (!takesRaw || looksSealed(presented) || looksMinted(presented)) return ended('invalid_token')
  return answerTo(await options.renewals.renewRaw({ refreshToken: presented }), null, options)
}

async function refreshWrapped(token: RefreshToken, options: RefreshOptions): Promise<RefreshOutcome> {
  if (token.exp <= options.clock() / 1000) return ended('expired')
  const { revocations, renewals, settings } = options
  const family = familyOf(token)
  if (revocations.covers(family)) return ended('revoked')
  const verdict = await storeVerdict(revocations, family)
  if (verdict === 'revoked') return ended('revoked')
  const isStoreUp = verdict === 'goes_on'
  // Memory dropped old withdrawals to stay bounded, and only the store could say whether this is one.
  if (!isStoreUp && !revocations.isWhole) return unavailable('store_unavailable')
  // A gateway that went back to the IdP's own tokens takes the wrapped ones of before for what they hold.
  const renewal =
    settings.refresh_token_mode === 'passthrough'
      ? await renewals.renewRaw({ refreshToken: token.rt, sub: token.sub })
      : await renewals.renew(token, { isStoreUp })
  if (revocations.covers(family)) return ended('revoked') // meanwhile
  return answerTo(renewal, token, options)
}

async function storeVerdict(
  revocations: Revocations,
  family: Revocable,
): Promise<'revoked' | 'goes_on' | 'unknown'> {
  try {
    return (await revocations.coversInStore(family)) ? 'revoked' : 'goes_on'
  } catch {
    return 'unknown' // a refresh works without the store (S-59)
  }
}

async function answerTo(
  renewal: Renewal,
  token: RefreshToken | null,
  options: RefreshOptions,
): Promise<RefreshOutcome> {
  switch (renewal.kind) {
    case 'renewed':
      return hand(renewal, options)
    case 'ended':
      return { kind: 'ended', facts: factsOf(renewal), revoked: null }
    case 'not_admitted':
      return { kind: 'ended', facts: factsOf(renewal), revoked: await withdraw(token, 'admission', options) }
    case 'reuse': {
      const isFatal = options.settings.on_refresh_reuse === 'revoke'
      const revoked = isFatal ? await withdraw(token, 'reuse', options) : null
      return { kind: 'ended', facts: { err: 'reuse' }, revoked }
    }
    case 'unavailable':
    case 'misconfigured':
      return { kind: 'unavailable', facts: factsOf(renewal) }
  }
}

async function hand(renewed: Renewed, { settings, tokens }: RefreshOptions): Promise<RefreshOutcome> {
  const bearer = await tokens.mint(renewed.identity, renewed.sid)
  const isRaw = settings.refresh_token_mode === 'passthrough'
  return { kind: 'refreshed', bearer, refreshToken: isRaw ? renewed.rt : renewed.wrapped, renewed }
}

async function withdraw(
  token: RefreshToken | null,
  reason: RevocationReason,
  { revocations }: RefreshOptions,
): Promise<RevokedFamily | null> {
  if (token === null) return null // a raw token belongs to no family yet
  const { isNew } = await revocations.revoke(familyOf(token), reason)
  return isNew ? { sid: token.sid, sub: token.sub, reason } : null
}

/** What a wrapped token's withdrawal is about. */
export function familyOf(token: RefreshToken): Revocable {
  return { key: familyKey(token.sid), sub: token.sub, iat: token.iat }
}

function factsOf({ err, step, answer }: FailureFacts): FailureFacts {
  return { err, ...(step !== undefined && { step }), ...(answer !== undefined && { answer }) }
}

function ended(err: string): RefreshOutcome {
  return { kind: 'ended', facts: { err }, revoked: null }
}

function unavailable(err: string): RefreshOutcome {
  return { kind: 'unavailable', facts: { err } }
}
