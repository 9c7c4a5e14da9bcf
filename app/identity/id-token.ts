import { errors, type JWTPayload, jwtVerify } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { isEqual } from '../lib/equal.ts'
import { type ClaimsDocument, subjectIn } from './claims.ts'
import { IdpFailure } from './idp-failure.ts'
import type { SigningKeys } from './signing-keys.ts'

/** What is wrong with an id_token; the audit line carries it. */
export type IdTokenFault =
  | 'id_token_missing'
  | 'id_token_malformed'
  | 'id_token_alg'
  | 'id_token_key_unknown'
  | 'id_token_signature'
  | 'id_token_expired'
  | 'id_token_not_yet_valid'
  | 'id_token_claim_missing'
  | 'id_token_issuer'
  | 'id_token_audience'
  | 'id_token_azp'
  | 'id_token_nonce'
  | 'id_token_sub'

export type IdTokenVerdict =
  | { readonly kind: 'valid'; readonly sub: string; readonly document: ClaimsDocument }
  | { readonly kind: 'invalid'; readonly err: IdTokenFault }

export interface IdTokenRules {
  readonly client_id: string
  readonly additional_authorized_parties: readonly string[]
  readonly id_token_signed_response_alg: string
  readonly clock_skew_seconds: number
  readonly keys: SigningKeys
  readonly clock: Clock
  /** The issuer a token of this tenant must carry; null when no issuer fits. */
  readonly issuerFor: (tenant: unknown) => string | null
}

/**
 * Judges an id_token (OIDC Core 3.1.3.7). `nonce` is null at a refresh, where tokens carry none (section 12.2).
 *
 * Throws IdpFailure when the signing keys are needed and cannot be read.
 */
export async function verifyIdToken(
  token: string,
  nonce: string | null,
  rules: IdTokenRules,
): Promise<IdTokenVerdict> {
  try {
    const { payload } = await jwtVerify(token, rules.keys.resolve, {
      algorithms: [rules.id_token_signed_response_alg],
      clockTolerance: rules.clock_skew_seconds,
      currentDate: new Date(rules.clock()),
      requiredClaims: ['iss', 'aud', 'sub', 'exp', 'iat'],
    })
    const sub = subjectIn(payload.sub)
    const err = claimFault(payload, nonce, rules) ?? (sub === null ? 'id_token_sub' : null)
    return err === null && sub !== null
      ? { kind: 'valid', sub, document: payload }
      : invalid(err ?? 'id_token_sub')
  } catch (thrown) {
    if (thrown instanceof IdpFailure) throw thrown
    return invalid(joseFault(thrown))
  }
}

function claimFault(payload: JWTPayload, nonce: string | null, rules: IdTokenRules): IdTokenFault | null {
  if (payload.iss !== rules.issuerFor(payload['tid'])) return 'id_token_issuer'
  const audiences = [payload.aud].flat()
  if (!audiences.includes(rules.client_id)) return 'id_token_audience'
  const azp = payload['azp']
  if (azp === undefined && audiences.length > 1) return 'id_token_azp'
  const parties: readonly unknown[] = [rules.client_id, ...rules.additional_authorized_parties]
  if (azp !== undefined && !parties.includes(azp)) return 'id_token_azp'
  if (nonce !== null && !isNonce(payload['nonce'], nonce)) return 'id_token_nonce'
  return null
}

function joseFault(thrown: unknown): IdTokenFault {
  if (thrown instanceof errors.JOSEAlgNotAllowed) return 'id_token_alg'
  if (thrown instanceof errors.JWKSNoMatchingKey) return 'id_token_key_unknown'
  if (thrown instanceof errors.JWSSignatureVerificationFailed) return 'id_token_signature'
  if (thrown instanceof errors.JWTExpired) return 'id_token_expired'
  if (!(thrown instanceof errors.JWTClaimValidationFailed)) return 'id_token_malformed'
  if (thrown.reason === 'missing') return 'id_token_claim_missing'
  return thrown.claim === 'nbf' ? 'id_token_not_yet_valid' : 'id_token_malformed'
}

function invalid(err: IdTokenFault): IdTokenVerdict {
  return { kind: 'invalid', err }
}

function isNonce(value: unknown, expected: string): boolean {
  return typeof value === 'string' && isEqual(value, expected)
}
