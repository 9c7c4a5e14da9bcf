import { domainToASCII } from 'node:url'
import type { Email } from './claims.ts'

/**
 * May this person use the gateway? Decided at sign-in and again at every refresh (S-39). Pure.
 *
 * In two steps, because a directory is asked for groups only after the address was accepted.
 */
export interface AdmissionRules {
  readonly allowed_email_domains?: readonly string[] | undefined
  readonly allowed_groups?: readonly string[] | undefined
}

export type AdmissionRefusal =
  | 'email_unverified'
  | 'email_missing'
  | 'email_domain'
  | 'group'
  | 'groups_unknown'

/** The reason why `email` does not admit, or null. */
export function refuseEmail(email: Email | undefined, rules: AdmissionRules): AdmissionRefusal | null {
  if (email && !email.verified) return 'email_unverified'
  if (!rules.allowed_email_domains) return null
  if (!email) return 'email_missing'
  const domain = asciiDomain(email.address.slice(email.address.lastIndexOf('@') + 1))
  const isAllowed = rules.allowed_email_domains.some(allowed => asciiDomain(allowed) === domain)
  return domain !== '' && isAllowed ? null : 'email_domain'
}

/** The reason why `groups` do not admit, or null. `unknown` matters only to somebody who names a group. */
export function refuseGroups(
  groups: readonly string[] | 'none_told' | 'unknown',
  rules: AdmissionRules & { readonly namesGroups: boolean },
): AdmissionRefusal | null {
  if (groups === 'unknown') return rules.namesGroups || rules.allowed_groups ? 'groups_unknown' : null
  if (!rules.allowed_groups) return null
  if (groups === 'none_told') return 'group'
  return rules.allowed_groups.some(allowed => groups.includes(allowed)) ? null : 'group'
}

// domainToASCII also decodes %xx, as URLs do: an address with `%65` in it must not become another domain.
function asciiDomain(domain: string): string {
  return /^[\p{L}\p{M}\p{N}.-]+$/u.test(domain) ? domainToASCII(domain).toLowerCase() : ''
}
