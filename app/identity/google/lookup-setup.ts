// How groups are looked up, from the keys of either section that configures it.
import type { GatehouseConfig } from '../../config/gatehouse.ts'
import type { OidcConfig } from '../../config/oidc.ts'

/** Whose credentials ask. */
export type LookupMode =
  /** The account holds the role Groups Reader; without a name it is the workload's own. */
  | { readonly kind: 'service_account_role'; readonly account: string | null }
  | { readonly kind: 'keyless_delegation'; readonly admin: string; readonly account: string | null }
  | { readonly kind: 'key_file'; readonly admin: string; readonly path: string }

export interface LookupSetup {
  readonly mode: LookupMode
  readonly membership: 'direct' | 'transitive' | 'auto' | 'check'
  readonly customer: string | undefined
  /** How long an answer is as good as a new one. */
  readonly cacheSeconds: number
  /** How old an answer may be at a refresh when there is no new one. */
  readonly staleSeconds: number
}

/** Answers how the file asks for it; null when it does not. */
export function lookupSetup(
  oidc: Pick<OidcConfig, 'google_groups'>,
  gatehouse: Pick<GatehouseConfig, 'google_groups'>,
): LookupSetup | null {
  const documented = oidc.google_groups
  if (documented !== undefined) {
    const { service_account_json_path: path, admin_email: admin } = documented
    return { ...DEFAULTS, mode: { kind: 'key_file', admin, path } }
  }
  const ours = gatehouse.google_groups
  if (ours === undefined) return null
  return {
    mode: modeOf(ours),
    membership: ours.membership ?? (ours.nested ? 'auto' : 'direct'),
    customer: ours.customer,
    cacheSeconds: ours.cache_seconds,
    staleSeconds: ours.stale_seconds,
  }
}

/** What the documented section has no keys for. */
const DEFAULTS = { membership: 'direct', customer: undefined, cacheSeconds: 300, staleSeconds: 3600 } as const

// The rules of the file have made sure that each mode has what it needs.
function modeOf(ours: NonNullable<GatehouseConfig['google_groups']>): LookupMode {
  const { mode, service_account: account = null, admin_email: admin = '', key_path: path = '' } = ours
  switch (mode) {
    case 'service_account_role':
      return { kind: mode, account }
    case 'keyless_delegation':
      return { kind: mode, admin, account }
    case 'key_file':
      return { kind: mode, admin, path }
  }
}
