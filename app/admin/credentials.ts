// Who may use the Admin API: keys of the configuration, and people of `admin.admin_groups`.
import { hash, timingSafeEqual } from 'node:crypto'
import type { AuditEvent } from '../audit/events.ts'
import type { AdminConfig } from '../config/admin.ts'
import { authenticate, type BearerOptions } from '../session/bearer.ts'

/** Whoever made a call that was let in. */
export interface Administrator {
  /** `admin-key:<id>` or `oidc:<sub>`. */
  readonly actor: string
  readonly mayWrite: boolean
}

/** Why a call has no administrator. */
export type Denial = Exclude<Extract<AuditEvent, { evt: 'admin.denied' }>['reason'], 'insufficient'>

/** Finds the administrator behind a request's headers, as they came. */
export type FindAdministrator = (rawHeaders: readonly string[]) => Promise<Administrator | Denial>

export interface CredentialOptions {
  readonly config: Pick<AdminConfig, 'write_keys' | 'read_keys' | 'admin_groups'>
  readonly bearers: Omit<BearerOptions, 'audit'>
}

/** Longer than any key that somebody would configure: what is longer is not hashed (H-44). */
const MAX_KEY_BYTES = 512

/**
 * The keys are digested once. A request with an `x-api-key` is judged by that alone; without one, by its bearer.
 *
 * The query is never looked at.
 */
export function createCredentials({ config, bearers }: CredentialOptions): FindAdministrator {
  const keys = [
    ...config.write_keys.map(key => digestedKey(key, 'write')),
    ...config.read_keys.map(key => digestedKey(key, 'read')),
  ]
  const adminGroups = new Set(config.admin_groups)
  return async rawHeaders => {
    const [presented, ...others] = valuesOf(rawHeaders, 'x-api-key')
    if (presented !== undefined) {
      return others.length > 0 ? 'invalid_key' : (ownerOf(presented, keys) ?? 'invalid_key')
    }
    const session = await authenticate(bearers, rawHeaders)
    if (session === 'missing_token') return 'no_credentials'
    if (typeof session === 'string') return 'bearer_rejected'
    const { sub, groups = [] } = session.identity
    return groups.some(group => adminGroups.has(group))
      ? { actor: `oidc:${sub}`, mayWrite: true }
      : 'bearer_rejected'
  }
}

interface DigestedKey {
  readonly digest: Buffer
  readonly owner: Administrator
}

function digestedKey({ id, key }: { id: string; key: string }, right: 'read' | 'write'): DigestedKey {
  return { digest: digestOf(key), owner: { actor: `admin-key:${id}`, mayWrite: right === 'write' } }
}

/** Compares with every key, also after one was found: the time tells nothing about which, or whether (M-49). */
function ownerOf(presented: string, keys: readonly DigestedKey[]): Administrator | null {
  if (presented.length > MAX_KEY_BYTES) return null
  const digest = digestOf(Buffer.from(presented, 'latin1')) // the bytes as they came
  let owner: Administrator | null = null
  for (const key of keys) {
    if (timingSafeEqual(digest, key.digest)) owner = key.owner
  }
  return owner
}

function digestOf(key: string | Buffer): Buffer {
  return hash('sha256', key, 'buffer')
}

/** Every line of a header: Node's own object joins some and drops others. */
function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.flatMap((text, index) =>
    index % 2 === 0 && text.length === name.length && text.toLowerCase() === name
      ? [rawHeaders[index + 1] ?? '']
      : [],
  )
}
