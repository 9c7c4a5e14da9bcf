/**
 * What an id_token or a userinfo document says about a person, read by the configured claim names. Pure.
 */

/** A parsed JSON object from the identity provider; nothing in it is trusted yet. */
export type ClaimsDocument = Readonly<Record<string, unknown>>

export interface ClaimNames {
  /** Flat names or JSON Pointers; the first that is present wins. */
  readonly email: readonly string[]
  readonly groups: string
}

export interface Claims {
  readonly email?: Email
  readonly name?: string
  readonly groups: GroupsClaim
}

export interface Email {
  readonly address: string
  /** False only when the document that gave the address said so itself (S-36). */
  readonly verified: boolean
}

/** `unknown`: the person has groups, but too many for the token (S-37); never the same as none. */
export type GroupsClaim =
  | { readonly kind: 'told'; readonly groups: readonly string[]; readonly skipped: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' }

const MAX_EMAIL_LENGTH = 254 // RFC 5321 section 4.5.3.1.3, less the angle brackets
const MAX_NAME_LENGTH = 200
const MAX_SUBJECT_LENGTH = 255 // OIDC Core section 2

/** Reads one document. Whatever has the wrong shape counts as absent. */
export function readClaims(document: ClaimsDocument, names: ClaimNames): Claims {
  const address = names.email.map(name => emailIn(claim(document, name))).find(found => found !== null)
  const name = nameIn(claim(document, 'name'))
  return {
    ...(address !== undefined && { email: { address, verified: !deniesVerification(document) } }),
    ...(name !== null && { name }),
    groups: groupsIn(document, names.groups),
  }
}

/** Adds from `more` what `claims` lacks; what is there already is never overridden (S-35). */
export function fillGaps(claims: Claims, more: Claims): Claims {
  const email = claims.email ?? more.email
  const name = claims.name ?? more.name
  return {
    ...(email && { email }),
    ...(name !== undefined && { name }),
    groups: claims.groups.kind === 'absent' ? more.groups : claims.groups,
  }
}

/** The value at `name`: a JSON Pointer (RFC 6901) with a leading `/`, else one own property; dots do not split. */
export function claim(document: ClaimsDocument, name: string): unknown {
  if (!name.startsWith('/')) return ownProperty(document, name)
  return name
    .slice(1)
    .split('/')
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(ownProperty, document)
}

/** The subject, or null when it is not well-formed text of 1 to 255 characters without controls. */
export function subjectIn(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > MAX_SUBJECT_LENGTH) return null
  return /\p{Cc}/u.test(value) || !value.isWellFormed() ? null : value
}

// Own properties only: a claim called `__proto__` or `constructor` reads nothing that JSON did not write.
function ownProperty(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string, unknown>)[key] // an object that owns `key`
}

function emailIn(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > MAX_EMAIL_LENGTH) return null
  // `a@b`; the last @ divides. \p{Cf} keeps out invisible and direction marks.
  return /^[^\s\p{Cc}\p{Cf}]+@[^\s\p{Cc}\p{Cf}@]+$/u.test(value) ? value : null
}

function nameIn(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > MAX_NAME_LENGTH) return null
  const printable = value.replace(/[\p{Cc}\p{Cf}]/gu, '').trim()
  return printable === '' ? null : printable
}

function deniesVerification(document: ClaimsDocument): boolean {
  const verified = claim(document, 'email_verified')
  return verified === false || verified === 'false'
}

function groupsIn(document: ClaimsDocument, name: string): GroupsClaim {
  if (isOverage(document, name)) return { kind: 'unknown' }
  const value = claim(document, name)
  if (value === undefined || value === null) return { kind: 'absent' }
  const elements = Array.isArray(value) ? value : [value]
  const groups = elements.filter(element => typeof element === 'string' && isName(element))
  if (!Array.isArray(value) && groups.length === 0) return { kind: 'absent' }
  return { kind: 'told', groups: [...new Set(groups)], skipped: elements.length - groups.length }
}

/** Text that every document can hold: neither JSON nor the database takes half a surrogate pair or a zero byte. */
function isName(text: string): boolean {
  return text !== '' && text.isWellFormed() && !text.includes('\0')
}

// Entra's marks for groups left out of a token; `_claim_names` is a distributed claim of OIDC Core 5.6.2.
function isOverage(document: ClaimsDocument, name: string): boolean {
  const flat = name.startsWith('/') ? name.slice(1) : name
  if (ownProperty(claim(document, '_claim_names'), flat) !== undefined) return true
  return flat === 'groups' && claim(document, 'hasgroups') === true
}
