// What a valid file's policies will do that their author may not expect: one warning each, with the fix.
import type { Config } from '../config/config.ts'
import type { Finding } from '../config/problems.ts'

/** Every warning about `managed.policies` that needs the merged policies or the model catalog. */
export function policyWarnings(_config: Config): Finding[] {
  return []
}
