import { type ClaimsDocument, subjectIn } from './claims.ts'
import { type Conversation, startConversation, type TimeLimits } from './conversation.ts'
import { type IdTokenRules, verifyIdToken } from './id-token.ts'
import { type Identification, type IdentificationRules, identify, type Subject } from './identification.ts'
import type { Tokens } from './idp.ts'
import { consequenceOf, factsOf, IdpFailure } from './idp-failure.ts'
import type { OutcomeFacts, RenewOutcome, RenewRequest } from './sign-in.ts'
import type { SteadyLog } from './steady-log.ts'
import { tellTrouble } from './trouble.ts'
import type { UnfinishedRotations } from './unfinished-rotations.ts'

/** Asks the IdP again about a person whose session goes on: S-55, and the table of S-56. */
export interface RenewalRules {
  readonly identification: IdentificationRules
  readonly idToken: IdTokenRules
  readonly hasUserinfo: boolean
  readonly rotations: UnfinishedRotations
  readonly fetch: typeof globalThis.fetch
  readonly limits: TimeLimits & { readonly lookupMs: number }
  readonly troubles: SteadyLog
}

type Stopped = Exclude<RenewOutcome, { kind: 'renewed' }>

const SCOPE_HINT = 'oidc.scope_on_refresh: true makes some identity providers send an id_token at a refresh'

export async function renewSession(session: RenewRequest, rules: RenewalRules): Promise<RenewOutcome> {
  const conversation = startConversation(rules.fetch, rules.limits)
  let tokens: Tokens
  try {
    tokens = await rules.identification.idp.refresh(
      rules.rotations.current(session.refreshToken),
      conversation,
    )
  } catch (thrown) {
    return stoppedBy(thrown, rules)
  }
  const outcome = await judge(session, tokens, { rules, conversation })
  keepRotation(session.refreshToken, { tokens, outcome }, rules)
  return outcome
}

async function judge(
  session: RenewRequest,
  tokens: Tokens,
  { rules, conversation }: { rules: RenewalRules; conversation: Conversation },
): Promise<RenewOutcome> {
  try {
    const told = await subjectOf(tokens, rules, conversation)
    if (told.kind !== 'told') return told
    if (session.sub !== undefined && told.subject.sub !== session.sub) {
      return { kind: 'not_admitted', err: 'other_subject', step: told.step }
    }
    const terms = { lookupMs: rules.limits.lookupMs, useStale: true }
    const subject = { ...told.subject, knownEmail: session.email }
    const person = await identify(subject, rules.identification, { ...conversation, ...terms })
    switch (person.kind) {
      case 'admitted':
        rules.troubles.recovered('oidc: the identity provider renews sessions again')
        return { ...person, kind: 'renewed', refreshToken: replacementOf(session, tokens, rules) }
      case 'refused':
        return { kind: 'not_admitted', err: person.err, step: 'admission' }
      case 'other_subject':
        return { kind: 'not_admitted', err: 'userinfo_sub_mismatch', step: 'userinfo' }
      case 'unreadable':
        return unreadable(person, rules)
    }
  } catch (thrown) {
    return stoppedBy(thrown, rules)
  }
}

interface Told {
  readonly kind: 'told'
  readonly subject: Subject
  readonly step: 'id_token' | 'userinfo'
}

/** The fresh document about the person: the id_token's claims, else userinfo's. */
async function subjectOf(
  tokens: Tokens,
  rules: RenewalRules,
  conversation: Conversation,
): Promise<Told | Stopped> {
  if (tokens.idToken === null) return userinfoInstead(tokens.accessToken, rules, conversation)
  const verdict = await verifyIdToken(tokens.idToken, null, rules.idToken)
  if (verdict.kind === 'valid') {
    const subject = { sub: verdict.sub, document: verdict.document, accessToken: tokens.accessToken }
    return { kind: 'told', subject, step: 'id_token' }
  }
  // No 401: the person did nothing wrong, and what is (a clock, a key, a setting) can be mended.
  rules.troubles.error(`oidc: an id_token was refused at a refresh: ${verdict.err}`)
  return { kind: 'misconfigured', err: verdict.err, step: 'id_token' }
}

async function userinfoInstead(
  accessToken: string,
  rules: RenewalRules,
  conversation: Conversation,
): Promise<Told | Stopped> {
  if (!rules.hasUserinfo) {
    rules.troubles.error(`oidc: a refresh told nothing about the person, so the session ended: ${SCOPE_HINT}`)
    return { kind: 'ended', err: 'id_token_missing', step: 'token' }
  }
  try {
    const document: ClaimsDocument = await rules.identification.idp.userinfo(accessToken, conversation)
    const sub = subjectIn(document['sub'])
    if (sub === null) throw new IdpFailure('userinfo', { kind: 'bad_answer', what: 'malformed' })
    return { kind: 'told', subject: { sub, document, accessToken: null }, step: 'userinfo' }
  } catch (thrown) {
    if (thrown instanceof IdpFailure && consequenceOf(thrown.fault) !== 'unavailable') {
      rules.troubles.error(`oidc: a refresh brought no id_token and userinfo refused: ${SCOPE_HINT}`)
      return { kind: 'misconfigured', ...factsOf(thrown), err: 'userinfo_refused' }
    }
    throw thrown
  }
}

function unreadable(person: Extract<Identification, { kind: 'unreadable' }>, rules: RenewalRules): Stopped {
  const facts: OutcomeFacts = { err: person.err, step: person.step }
  if (!person.failure) return { kind: 'unavailable', network: false, ...facts }
  tellTrouble(person.failure, 'a refresh', rules.troubles)
  const { fault } = person.failure
  return {
    kind: 'unavailable',
    network: fault.kind === 'network',
    ...facts,
    answer: factsOf(person.failure).answer,
  }
}

function stoppedBy(thrown: unknown, rules: RenewalRules): Stopped {
  if (!(thrown instanceof IdpFailure)) throw thrown
  const facts = factsOf(thrown)
  const consequence = thrown.step === 'jwks' ? 'unavailable' : consequenceOf(thrown.fault)
  if (consequence === 'ended') return { kind: 'ended', ...facts, err: 'session_ended_at_idp' }
  tellTrouble(thrown, 'a refresh', rules.troubles)
  if (consequence === 'misconfigured') return { kind: 'misconfigured', ...facts }
  return { kind: 'unavailable', network: thrown.fault.kind === 'network', ...facts }
}

function replacementOf(session: RenewRequest, tokens: Tokens, rules: RenewalRules): string | null {
  const held = tokens.refreshToken ?? rules.rotations.current(session.refreshToken)
  return held === session.refreshToken ? null : held
}

function keepRotation(
  presented: string,
  { tokens, outcome }: { tokens: Tokens; outcome: RenewOutcome },
  rules: RenewalRules,
): void {
  const isRetried = outcome.kind === 'unavailable' || outcome.kind === 'misconfigured'
  if (!isRetried) rules.rotations.forget(presented)
  else if (tokens.refreshToken !== null && tokens.refreshToken !== presented) {
    rules.rotations.remember(presented, tokens.refreshToken)
  }
}
