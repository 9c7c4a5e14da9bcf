import type { Config } from '../config/config.ts'

/** The groups that the configuration names anywhere: who may sign in, whose policy is whose, who administers. */
export function namedGroups({ oidc, managed, admin }: Pick<Config, 'oidc' | 'managed' | 'admin'>): string[] {
  const ofPolicies = managed?.policies.flatMap(({ match }) => match.groups ?? []) ?? []
  return [...new Set([...(oidc.allowed_groups ?? []), ...ofPolicies, ...(admin?.admin_groups ?? [])])]
}
