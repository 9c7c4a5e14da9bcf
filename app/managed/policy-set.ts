import type { Identity } from '../identity/identity.ts'
import type { EffectivePolicy } from './effective-policy.ts'

/** The policies of a configuration, merged; a request only looks its own up. */
export interface PolicySet {
  /** One for each policy of the file, in its order. */
  readonly policies: readonly EffectivePolicy[]
  /** The first policy that matches; null when none does. */
  select(identity: Pick<Identity, 'email' | 'groups'>): EffectivePolicy | null
}
