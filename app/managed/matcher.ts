import type { Identity } from '../identity/identity.ts'
import type { PolicyMatch } from './effective-policy.ts'

/** Reports whether a policy is for `identity`: every matcher it has must hold. */
export function matches(match: PolicyMatch, identity: Pick<Identity, 'email' | 'groups'>): boolean {
  return matchesGroups(match, identity) && matchesDomain(match, identity)
}

/** Exact and case-sensitive; somebody without groups is in none. */
export function matchesGroups({ groups }: PolicyMatch, identity: Pick<Identity, 'groups'>): boolean {
  return groups === undefined || groups.some(group => identity.groups?.includes(group) === true)
}

/** The text after the last `@`, in any case of ASCII letters; somebody without an address is nowhere. */
export function matchesDomain({ email_domain }: PolicyMatch, { email }: Pick<Identity, 'email'>): boolean {
  if (email_domain === undefined) return true
  const at = email?.lastIndexOf('@') ?? -1
  return email !== undefined && at !== -1 && lowered(email.slice(at + 1)) === lowered(email_domain)
}

/** Reports whether a policy is for everybody. */
export function isCatchAll({ groups, email_domain }: PolicyMatch): boolean {
  return groups === undefined && email_domain === undefined
}

/** ASCII only: `toLowerCase` would make the Kelvin sign a `k`, and one domain another. */
function lowered(domain: string): string {
  return domain.replace(/[A-Z]/g, letter => letter.toLowerCase())
}
