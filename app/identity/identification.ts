import type { Log } from '../lib/log.ts'
import { type AdmissionRules, refuseEmail, refuseGroups } from './admission.ts'
import { type Claims, type ClaimsDocument, fillGaps, readClaims, subjectIn } from './claims.ts'
import type { Conversation } from './conversation.ts'
import { limitGroups } from './group-limit.ts'
import type { GroupLookup } from './group-lookup.ts'
import type { Identity } from './identity.ts'
import type { Idp } from './idp.ts'
import { IdpFailure } from './idp-failure.ts'

/** From verified claims to an admitted identity; the same way at sign-in and at every refresh. */
export interface IdentificationRules extends AdmissionRules {
  readonly email_claim: readonly string[]
  readonly groups_claim: string
  readonly userinfo_fallback: boolean
  readonly groupLookup: GroupLookup | null
  /** Whether anything in the configuration, or a stored cap, names a group. */
  readonly namesGroups: boolean
  readonly priorityGroups: ReadonlySet<string>
  readonly idp: Idp
  readonly log: Log
}

/** A person of whom the IdP told something. `document` is the id_token's claims, or userinfo where there was none. */
export interface Subject {
  readonly sub: string
  readonly document: ClaimsDocument
  /** For the userinfo document that fills gaps; null when `document` is that one already. */
  readonly accessToken: string | null
  /** The key of the group look-up when the documents hold no address. */
  readonly knownEmail?: string | undefined
}

/** How long a group look-up may take, and whether an old answer is better than none. */
export interface LookupTerms {
  readonly lookupMs: number
  readonly useStale: boolean
}

export type Identification =
  | { readonly kind: 'admitted'; readonly identity: Identity; readonly groupsStale: boolean }
  | { readonly kind: 'refused'; readonly err: string }
  /** Email or groups could not be read; nobody knows whether the person would be admitted. */
  | {
      readonly kind: 'unreadable'
      readonly err: string
      readonly step: string
      readonly failure?: IdpFailure
    }
  | { readonly kind: 'other_subject' }

export async function identify(
  subject: Subject,
  rules: IdentificationRules,
  conversation: Conversation & LookupTerms,
): Promise<Identification> {
  const claims = await completeClaims(subject, rules, conversation)
  if ('kind' in claims) return claims
  const emailRefusal = refuseEmail(claims.email, rules)
  if (emailRefusal) return { kind: 'refused', err: emailRefusal }
  const known = await groupsOf(claims, subject, { rules, conversation })
  if ('kind' in known) return known
  const groupRefusal = refuseGroups(known.groups, rules)
  if (groupRefusal === 'groups_unknown') return overage(rules)
  if (groupRefusal) return { kind: 'refused', err: groupRefusal }
  return {
    kind: 'admitted',
    identity: identityOf(subject.sub, { claims, ...known }, rules),
    groupsStale: known.stale,
  }
}

type Unreadable = Extract<Identification, { kind: 'unreadable' | 'other_subject' }>

interface KnownGroups {
  /** `none_told`: the documents say nothing about groups. */
  readonly groups: readonly string[] | 'none_told' | 'unknown'
  readonly stale: boolean
}

async function completeClaims(
  subject: Subject,
  rules: IdentificationRules,
  conversation: Conversation,
): Promise<Claims | Unreadable> {
  const names = { email: rules.email_claim, groups: rules.groups_claim }
  const claims = readClaims(subject.document, names)
  tellNames(subject.document, rules.log)
  const lacksGroups = rules.groupLookup === null && claims.groups.kind === 'absent'
  const isComplete = claims.email !== undefined && !lacksGroups
  if (isComplete || !rules.userinfo_fallback || subject.accessToken === null) return claims
  try {
    const userinfo = await rules.idp.userinfo(subject.accessToken, conversation)
    if (subjectIn(userinfo['sub']) !== subject.sub) return { kind: 'other_subject' }
    tellNames(userinfo, rules.log)
    return fillGaps(claims, readClaims(userinfo, names))
  } catch (thrown) {
    if (!(thrown instanceof IdpFailure)) throw thrown
    return { kind: 'unreadable', err: 'userinfo_failed', step: 'userinfo', failure: thrown }
  }
}

async function groupsOf(
  claims: Claims,
  subject: Subject,
  { rules, conversation }: { rules: IdentificationRules; conversation: Conversation & LookupTerms },
): Promise<KnownGroups | Unreadable> {
  if (rules.groupLookup === null) {
    if (claims.groups.kind === 'unknown') return { groups: 'unknown', stale: false }
    if (claims.groups.kind === 'absent') return { groups: 'none_told', stale: false }
    if (claims.groups.skipped > 0) {
      rules.log.debug('oidc: members of the groups claim that are no text were skipped', {
        skipped: claims.groups.skipped,
      })
    }
    return { groups: claims.groups.groups, stale: false }
  }
  const email = claims.email?.address ?? subject.knownEmail
  if (email === undefined) return { kind: 'unreadable', err: 'email_missing', step: 'groups' }
  const deadlineMs = Math.min(conversation.lookupMs, conversation.remainingMs())
  const answer = await rules.groupLookup.groupsOf(email, { deadlineMs, useStale: conversation.useStale })
  if (answer.kind === 'failed') return { kind: 'unreadable', err: answer.reason, step: 'groups' }
  return { groups: answer.groups, stale: answer.stale }
}

function overage(rules: IdentificationRules): Unreadable {
  rules.log.warn(
    'oidc: the identity provider left the groups out of a token because there are too many: ' +
      'assign app roles and set oidc.groups_claim: roles',
  )
  return { kind: 'unreadable', err: 'groups_overage', step: 'claims' }
}

function identityOf(
  sub: string,
  { claims, groups }: KnownGroups & { claims: Claims },
  rules: IdentificationRules,
): Identity {
  if (groups === 'unknown') {
    rules.log.warn('oidc: a person signed in without groups, because the token could not hold them all')
  }
  const limited = typeof groups === 'string' ? null : limitGroups(groups, rules.priorityGroups)
  if (limited && limited.dropped > 0) {
    const counts = { kept: limited.groups.length, dropped: limited.dropped }
    rules.log.warn(
      'oidc: a person has more groups than a bearer carries; those named by the configuration came first',
      counts,
    )
  }
  return {
    sub,
    ...(claims.email && { email: claims.email.address }),
    ...(claims.name !== undefined && { name: claims.name }),
    ...(limited && { groups: limited.groups }),
  }
}

// Names only, and few: a value would be a person's data, and a name is the provider's own text.
function tellNames(document: ClaimsDocument, log: Log): void {
  const names = Object.keys(document)
    .slice(0, 50)
    .map(name => name.slice(0, 64))
  log.debug('oidc: claims received', { names: names.join(' ') })
}
