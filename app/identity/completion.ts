import { refuseCallbackIssuer } from './callback-issuer.ts'
import { startConversation, type TimeLimits } from './conversation.ts'
import { type IdTokenRules, verifyIdToken } from './id-token.ts'
import {
  type Identification,
  type IdentificationRules,
  identify,
  type LookupTerms,
} from './identification.ts'
import { factsOf, IdpFailure } from './idp-failure.ts'
import type { AuthorizationCallback, OutcomeFacts, SignInOutcome } from './sign-in.ts'
import type { SteadyLog } from './steady-log.ts'
import { tellTrouble } from './trouble.ts'

/** The sign-in's second half: from the IdP's callback to an identity (S-29 to S-39). */
export interface CompletionRules {
  readonly identification: IdentificationRules
  readonly idToken: IdTokenRules
  readonly isExpectedIssuer: (issuer: string) => boolean
  readonly announcesIss: boolean
  readonly fetch: typeof globalThis.fetch
  readonly limits: TimeLimits & { readonly lookupMs: number }
  readonly troubles: SteadyLog
}

type Failed = Extract<SignInOutcome, { kind: 'failed' }>

export async function completeSignIn(
  callback: AuthorizationCallback,
  rules: CompletionRules,
): Promise<SignInOutcome> {
  const issuerFault = refuseCallbackIssuer(callback.searchParams, rules)
  if (issuerFault) return failed('issuer', { err: issuerFault, step: 'callback' })
  const [code, ...more] = callback.searchParams.getAll('code')
  if (!code || more.length > 0) return failed('exchange', { err: 'code_missing', step: 'callback' })
  try {
    return await exchange(code, callback, rules)
  } catch (thrown) {
    if (!(thrown instanceof IdpFailure)) throw thrown
    tellTrouble(thrown, 'a sign-in', rules.troubles)
    return failed('exchange', factsOf(thrown))
  }
}

async function exchange(
  code: string,
  callback: AuthorizationCallback,
  rules: CompletionRules,
): Promise<SignInOutcome> {
  const conversation = startConversation(rules.fetch, rules.limits)
  const tokens = await rules.identification.idp.exchange(code, callback.codeVerifier, conversation)
  if (tokens.idToken === null) return failed('id_token', { err: 'id_token_missing', step: 'token' })
  const verdict = await verifyIdToken(tokens.idToken, callback.nonce, rules.idToken)
  if (verdict.kind === 'invalid') {
    rules.troubles.warn(`oidc: an id_token was refused at a sign-in: ${verdict.err}`)
    return failed('id_token', { err: verdict.err, step: 'id_token' })
  }
  const subject = { sub: verdict.sub, document: verdict.document, accessToken: tokens.accessToken }
  const terms: LookupTerms = { lookupMs: rules.limits.lookupMs, useStale: false }
  const person = await identify(subject, rules.identification, { ...conversation, ...terms })
  if (person.kind !== 'admitted') return refused(person, rules)
  rules.troubles.recovered('oidc: sign-ins succeed again')
  const { identity, groupsStale } = person
  return { kind: 'signed_in', identity, refreshToken: tokens.refreshToken, groupsStale }
}

function refused(person: Exclude<Identification, { kind: 'admitted' }>, rules: CompletionRules): Failed {
  switch (person.kind) {
    case 'refused':
      return failed('admission', { err: person.err, step: 'admission' })
    case 'other_subject':
      return failed('groups', { err: 'userinfo_sub_mismatch', step: 'userinfo' })
    case 'unreadable':
      if (person.failure) tellTrouble(person.failure, 'a sign-in', rules.troubles)
      return failed('groups', {
        err: person.err,
        step: person.step,
        ...(person.failure && { answer: factsOf(person.failure).answer }),
      })
  }
}

function failed(cause: Failed['cause'], facts: OutcomeFacts): Failed {
  return { kind: 'failed', cause, ...facts }
}
