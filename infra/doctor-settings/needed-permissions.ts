/** Which permissions an apply takes, each with the role of `infra/bootstrap.sh` that has it; a sample of each role. */
import type { Settings } from '../settings.ts'

/** Of the project. */
const ALWAYS: Readonly<Record<string, string>> = {
  'run.services.create': 'run.admin',
  'run.jobs.create': 'run.admin',
  'compute.networks.create': 'compute.networkAdmin',
  'compute.subnetworks.create': 'compute.networkAdmin',
  'compute.globalForwardingRules.create': 'compute.networkAdmin',
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

/** Of the bucket with the state. */
export const BUCKET_PERMISSIONS = [
  'storage.objects.create',
  'storage.objects.delete',
  'storage.objects.get',
  'storage.objects.list',
] as const

/** Each permission on the project with its role, for what these settings ask. */
export function neededPermissions(settings: Settings): ReadonlyMap<string, string> {
  const { build, secrets, frontend, database, monitoring } = settings
  const features: readonly [boolean, Readonly<Record<string, string>>][] = [
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
  const added = features.flatMap(([isUsed, permissions]) => (isUsed ? Object.entries(permissions) : []))
  return new Map([...Object.entries(ALWAYS), ...added])
}
