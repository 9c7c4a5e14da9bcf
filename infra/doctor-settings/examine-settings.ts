/** Everything that is looked at before an apply, in the order of the report. */
import { examine, type Finding } from '../../app/doctor/examine.ts'
import { hasFailed } from '../../app/doctor/report.ts'
import { callerPermissions } from './caller-permissions.ts'
import { credentials } from './credentials.ts'
import { dnsPolicies } from './dns-policies.ts'
import { enabledApis } from './enabled-apis.ts'
import { orgPolicies } from './org-policies.ts'
import { projectNumber } from './project-number.ts'
import type { SettingsCheck, Surroundings } from './settings-check.ts'
import { stateBucket } from './state-bucket.ts'
import { subnets } from './subnets.ts'

export const SETTINGS_CHECKS: readonly SettingsCheck[] = [
  projectNumber,
  enabledApis,
  callerPermissions,
  stateBucket,
  subnets,
  dnsPolicies,
  orgPolicies,
]

/** One or more findings per check; each check takes at most five seconds. Without credentials, that one finding. */
export async function examineSettings(surroundings: Surroundings): Promise<Finding[]> {
  const signIn = await examine([credentials], surroundings)
  if (hasFailed(signIn)) return signIn
  return [...signIn, ...(await examine(SETTINGS_CHECKS, surroundings))]
}
