/** Which permissions an apply takes, each with the role of `infra/bootstrap.sh` that has it; a sample of each role. */
import type { Settings } from '../settings.ts'
import { networkProjectOf } from './settings-check.ts'

/** Of the project. */
const ALWAYS: Readonly<Record<string, string>> = {
  'run.services.create': 'run.admin',
  'run.jobs.create': 'run.admin',
  'compute.forwardingRules.create': 'compute.loadBalancerAdmin',
  'compute.regionBackendServices.create': 'compute.loadBalancerAdmin',
  'dns.managedZones.create': 'dns.admin',
  'cloudsql.instances.create': 'cloudsql.admin',
  'cloudsql.users.create': 'cloudsql.admin',
  'secretmanager.secrets.create': 'secretmanager.admin',
  'secretmanager.versions.add': 'secretmanager.admin',
  'artifactregistry.repositories.create': 'artifactregistry.admin',
  'certificatemanager.certs.create': 'certificatemanager.editor',
  'iam.serviceAccounts.create': 'iam.serviceAccountAdmin',
  'iam.roles.create': 'iam.roleAdmin',
  'resourcemanager.projects.setIamPolicy': 'resourcemanager.projectIamAdmin',
  'serviceusage.services.enable': 'serviceusage.serviceUsageAdmin',
  'monitoring.alertPolicies.create': 'monitoring.admin',
  'monitoring.dashboards.create': 'monitoring.admin',
  'logging.logMetrics.create': 'logging.configWriter',
  'cloudscheduler.jobs.create': 'cloudscheduler.admin',
}

/** Of the project, where the stack makes the network. */
const MAKING_A_NETWORK: Readonly<Record<string, string>> = {
  'compute.networks.create': 'compute.networkAdmin',
  'compute.subnetworks.create': 'compute.networkAdmin',
}

/** Of the project that owns the network. */
const IN_A_NETWORK: Readonly<Record<string, string>> = {
  'compute.globalAddresses.createInternal': 'compute.networkAdmin',
  'compute.globalForwardingRules.create': 'compute.networkAdmin',
  'compute.networks.use': 'compute.networkAdmin',
  'compute.subnetworks.use': 'compute.networkAdmin',
  'dns.networks.bindPrivateDNSZone': 'dns.admin',
}

/** Of the bucket with the state. */
export const BUCKET_PERMISSIONS = [
  'storage.objects.create',
  'storage.objects.delete',
  'storage.objects.get',
  'storage.objects.list',
] as const

/** Each permission with its role, by project: that of the settings, and the one that owns the network if it is another. */
export function neededPermissions(settings: Settings): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const { project } = settings
  const host = networkProjectOf(settings)
  const inProject = { ...ofProject(settings), ...(host === project && IN_A_NETWORK) }
  return new Map([
    [project, new Map(Object.entries(inProject))],
    ...(host === project ? [] : ([[host, new Map(Object.entries(IN_A_NETWORK))]] as const)),
  ])
}

function ofProject(settings: Settings): Readonly<Record<string, string>> {
  const { build, secrets, frontend, database, monitoring, network } = settings
  const features: readonly [boolean, Readonly<Record<string, string>>][] = [
    [network.mode === 'create', MAKING_A_NETWORK],
    [build.enabled, { 'cloudbuild.builds.create': 'cloudbuild.builds.editor' }],
    [
      build.binaryAuthorization !== 'off',
      {
        'binaryauthorization.attestors.create': 'binaryauthorization.attestorsAdmin',
        'binaryauthorization.policy.update': 'binaryauthorization.policyAdmin',
        'cloudkms.keyRings.create': 'cloudkms.admin',
      },
    ],
    [secrets.rotationDays !== undefined, { 'pubsub.topics.create': 'pubsub.admin' }],
    [
      frontend.topology === 'load-balancer' && frontend.certificate.kind === 'private-ca',
      { 'privateca.certificates.create': 'privateca.certificateRequester' },
    ],
    [database.connectivity === 'psa', { 'servicenetworking.services.addPeering': 'compute.networkAdmin' }],
    [monitoring.auditDataset !== undefined, { 'logging.sinks.create': 'logging.configWriter' }],
  ]
  return Object.assign(
    {},
    ALWAYS,
    ...features.flatMap(([isUsed, permissions]) => (isUsed ? [permissions] : [])),
  )
}
