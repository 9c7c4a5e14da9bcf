// Which of Google's APIs a resource needs, and that it waits for the switch of that API (G-9, G-12).
import { closure, dependencies } from '../terraform/references.ts'
import { declared, type StackJson } from '../terraform/stack-json.ts'
import { always, type Fact, ofType } from './fact.ts'

/** The API behind each resource type, by the longest prefix that fits. */
const API_BY_PREFIX: Readonly<Record<string, string>> = {
  google_artifact_registry_: 'artifactregistry',
  google_billing_budget: 'billingbudgets',
  google_binary_authorization_: 'binaryauthorization',
  google_certificate_manager_: 'certificatemanager',
  google_cloud_run_v2_: 'run',
  google_cloud_scheduler_: 'cloudscheduler',
  google_cloudbuild_: 'cloudbuild',
  google_compute_: 'compute',
  google_container_analysis_: 'containeranalysis',
  google_dns_: 'dns',
  google_kms_: 'cloudkms',
  google_logging_: 'logging',
  google_monitoring_: 'monitoring',
  google_network_connectivity_: 'networkconnectivity',
  google_pubsub_: 'pubsub',
  google_secret_manager_: 'secretmanager',
  google_service_account: 'iam',
  google_service_networking_: 'servicenetworking',
  google_project_iam_custom_role: 'iam',
  google_sql_: 'sqladmin',
}

/** Switched on before the stack, by bootstrap.sh; or the API of another project. */
const ELSEWHERE = ['google_project_service', 'google_project_iam_member', 'google_bigquery_']

/** The APIs that the resources of a stack need, sorted. */
export function usedApis(stack: StackJson): string[] {
  const types = Object.keys(stack.resource ?? {}).filter(isOurs)
  return [...new Set(types.map(type => apiOf(type) ?? type))].sort()
}

/** The APIs that a stack switches on, sorted. */
export function switchedOn(stack: StackJson): string[] {
  return ofType(stack, 'google_project_service')
    .map(({ block }) => String(block['service']).replace('.googleapis.com', ''))
    .sort()
}

export const APIS: readonly Fact[] = [
  {
    sentence: 'every API that is used is switched on',
    broken: stack =>
      usedApis(stack)
        .filter(api => !switchedOn(stack).includes(api))
        .map(api => `google_project_service: ${api} is not switched on`),
  },
  {
    sentence: 'nothing is made before its API is switched on',
    broken: stack => {
      const direct = dependencies(stack)
      const switches = new Map(
        ofType(stack, 'google_project_service').map(({ address, block }) => [
          ...([String(block['service']).replace('.googleapis.com', ''), address] as const),
        ]),
      )
      return declared(stack)
        .filter(({ kind, type }) => kind === 'resource' && isOurs(type))
        .filter(({ address, type }) => {
          const needed = switches.get(apiOf(type) ?? '')
          return needed !== undefined && !closure(direct, address).has(needed)
        })
        .map(({ address, type }) => `${address}: it does not wait for ${apiOf(type)}`)
    },
  },
  {
    sentence: 'no API is switched off when the stack goes, because others in the project may use it',
    broken: always('google_project_service', 'disable_on_destroy', false),
  },
]

function isOurs(type: string): boolean {
  return !ELSEWHERE.some(prefix => type.startsWith(prefix))
}

function apiOf(type: string): string | undefined {
  return Object.entries(API_BY_PREFIX).find(([prefix]) => type.startsWith(prefix))?.[1]
}
