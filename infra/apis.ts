// The APIs that an environment uses; `project.ts` enables them, and the doctor of settings looks which are on.

/** What every environment uses (G-12). */
const APIS = [
  'aiplatform',
  'artifactregistry',
  'certificatemanager',
  'cloudscheduler',
  'compute',
  'dns',
  'iam',
  'iamcredentials',
  'logging',
  'monitoring',
  'run',
  'secretmanager',
  'sqladmin',
] as const

/** What a setting adds. */
const FEATURE_APIS = {
  'private-services': ['servicenetworking'],
  'regional-endpoints': ['networkconnectivity'],
  'private-ca': ['privateca'],
  groups: ['admin', 'cloudidentity'],
  rotation: ['pubsub'],
  build: ['cloudbuild', 'containeranalysis'],
  attestation: ['binaryauthorization', 'cloudkms', 'containeranalysis'],
  budget: ['billingbudgets'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** A part of the stack that uses more of Google than every environment does. */
export type Feature = keyof typeof FEATURE_APIS

export type Api = (typeof APIS)[number] | (typeof FEATURE_APIS)[Feature][number]

/** The names before `.googleapis.com`, each once. */
export function apisOf(features: readonly Feature[]): Set<Api> {
  return new Set<Api>([...APIS, ...features.flatMap(feature => FEATURE_APIS[feature])])
}
