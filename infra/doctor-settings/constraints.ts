/** Organisation policies that would stop an apply, each with what avoids it (G-73). Values of lists: (check live). */
import { fail, type Verdict, warn } from '../../app/doctor/check.ts'
import type { Settings } from '../settings.ts'
import { admits, allowedGroups, type EffectivePolicy, isEnforced, isRestricted } from './policy-rules.ts'

export interface Constraint {
  /** After `constraints/`. */
  readonly id: string
  /** What it says to these settings; null when it stops nothing. */
  judge(policy: EffectivePolicy, settings: Settings): Verdict | null
}

const EXEMPT = 'ask for an exemption of this project: no setting avoids it'

export const CONSTRAINTS: readonly Constraint[] = [
  // Looked at because people ask: the database never has a public address.
  { id: 'sql.restrictPublicIp', judge: () => null },
  {
    id: 'iam.allowedPolicyMemberDomains',
    judge: (policy, { service }) =>
      service.invoker === 'all-users' && isRestricted(policy)
        ? fail('grants to allUsers are refused', 'service.invoker: disabled')
        : null,
  },
  {
    id: 'run.managed.requireInvokerIam',
    judge: (policy, { service }) =>
      service.invoker === 'disabled' && isEnforced(policy)
        ? fail('the invoker check cannot be switched off', 'service.invoker: all-users')
        : null,
  },
  {
    id: 'run.allowedIngress',
    judge: policy => (admits(policy, ['internal']) ? null : fail('internal ingress is refused', EXEMPT)),
  },
  {
    id: 'run.allowedVPCEgress',
    judge: (policy, { network }) => {
      const all = network.egress === 'ALL_TRAFFIC'
      if (admits(policy, [all ? 'all-traffic' : 'private-ranges-only'])) return null
      return fail(
        `network.egress ${network.egress} is refused`,
        `network.egress: ${all ? 'PRIVATE_RANGES_ONLY' : 'ALL_TRAFFIC'}`,
      )
    },
  },
  ...['iam.disableServiceAccountKeyCreation', 'iam.managed.disableServiceAccountKeyCreation'].map(id => ({
    id,
    judge: (policy: EffectivePolicy, { directory }: Settings) =>
      directory.mode === 'key' && isEnforced(policy)
        ? fail('keys of service accounts are refused', 'directory.mode: group-reader')
        : null,
  })),
  { id: 'gcp.resourceLocations', judge: locations },
  {
    id: 'gcp.restrictNonCmekServices',
    judge: (policy, settings) => {
      const denied = servicesOf(settings).filter(service => !admits(policy, [service]))
      return denied.length === 0
        ? null
        : fail(`keys of one's own are asked for in ${denied.join(', ')}`, EXEMPT)
    },
  },
  {
    id: 'compute.restrictLoadBalancerCreationForTypes',
    judge: (policy, { frontend }) =>
      frontend.topology !== 'load-balancer' || admits(policy, ['INTERNAL_HTTP_HTTPS', 'in:INTERNAL'])
        ? null
        : fail('internal Application Load Balancers are refused', 'frontend.topology: run-app'),
  },
  {
    id: 'compute.disablePrivateServiceConnectCreationForConsumers',
    judge: (policy, { database }) => {
      if (!admits(policy, ['GOOGLE_APIS'])) return fail('endpoints for Google APIs are refused', EXEMPT)
      if (database.connectivity !== 'psc' || admits(policy, ['SERVICE_PRODUCERS'])) return null
      return fail('endpoints for Cloud SQL are refused', 'database.connectivity: psa')
    },
  },
  {
    id: 'cloudbuild.allowedWorkerPools',
    judge: (policy, { build }) =>
      build.enabled && isRestricted(policy)
        ? fail("Google's own worker pool is refused", 'build.enabled: false, and build elsewhere')
        : null,
  },
]

/** Keys of one's own: what holds data of this environment, and cannot be given one here. */
function servicesOf({ secrets, build }: Settings): string[] {
  const names = ['artifactregistry', 'logging', 'run', 'secretmanager', 'sqladmin', 'storage']
  if (secrets.rotationDays !== undefined) names.push('pubsub')
  if (build.enabled) names.push('cloudbuild')
  return names.map(name => `${name}.googleapis.com`)
}

/** A secret that is replicated everywhere counts as one in `global`. */
function locations(policy: EffectivePolicy, { region, secrets }: Settings): Verdict | null {
  const wanted = [...new Set([region, ...(secrets.replication === 'auto' ? [] : secrets.replication)])]
  const refused = wanted.filter(name => !admits(policy, namesOf(name)))
  if (refused.length > 0) {
    const groups = allowedGroups(policy)
    const fix = 'set region (and secrets.replication) to what is allowed'
    return groups.length > 0
      ? warn(`${refused.join(', ')}: not named, unless part of ${groups.join(', ')}`, fix)
      : fail(`${refused.join(', ')} is refused`, fix)
  }
  if (secrets.replication === 'auto' && !admits(policy, ['global', 'in:global-locations']))
    return fail('secrets without a region are refused', `secrets.replication: [${region}]`)
  return null
}

/** A region by its own name and by those of its groups: `us-east5` is in `in:us-east5-locations` and `in:us-locations`. */
function namesOf(region: string): string[] {
  return [region, `in:${region}-locations`, `in:${region.split('-', 1)[0]}-locations`]
}
