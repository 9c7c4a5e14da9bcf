// Which of Google's APIs are switched on, and that nothing is made before its API is (G-9, G-12).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentOf } from '../support/infra-environment.ts'
import { shipped } from '../support/shipped-environments.ts'
import type { Synthesized } from '../support/synthesized.ts'

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
/** What the gateway calls while it runs; no resource of the stack belongs to them. */
const AT_RUN_TIME = ['admin', 'aiplatform', 'cloudidentity', 'iamcredentials']

type Resources = Readonly<Record<string, Readonly<Record<string, object>>>>

function apiOf(type: string): string | undefined {
  return Object.entries(API_BY_PREFIX).find(([prefix]) => type.startsWith(prefix))?.[1]
}

function switchedOn(environment: Synthesized): string[] {
  return environment
    .all('google_project_service')
    .map(({ service }) => String(service).replace('.googleapis.com', ''))
}

/** Everything that a resource waits for, by reference or by `depends_on`, through others too. */
function closureOf(resources: Resources): (address: string) => ReadonlySet<string> {
  const direct = new Map<string, string[]>()
  for (const [type, named] of Object.entries(resources)) {
    for (const [name, block] of Object.entries(named)) {
      const found = JSON.stringify(block).matchAll(/\b(google_[a-z0-9_]+\.[A-Za-z0-9_-]+)/g)
      direct.set(
        `${type}.${name}`,
        [...found].map(([address]) => address),
      )
    }
  }
  const visit = (address: string, seen: Set<string>): Set<string> => {
    for (const next of direct.get(address) ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      visit(next, seen)
    }
    return seen
  }
  return address => visit(address, new Set())
}

function tooEarly(environment: Synthesized): string[] {
  const { resource, data = {} }: { resource: Resources; data?: Resources } = JSON.parse(environment.text)
  const closure = closureOf({ ...data, ...resource })
  return Object.entries(resource)
    .filter(([type]) => !ELSEWHERE.some(prefix => type.startsWith(prefix)))
    .flatMap(([type, named]) =>
      Object.keys(named)
        .filter(name => {
          const api = apiOf(type)
          return !closure(`${type}.${name}`).has(`google_project_service.project_api-${api}`)
        })
        .map(name => `${type}.${name}`),
    )
}

const ENVIRONMENTS = {
  production: shipped('prod'),
  'a Shared VPC, a peering and a private CA': environmentOf({
    network: {
      mode: 'existing',
      network: 'projects/acme-host/global/networks/shared',
      egressSubnet: 'projects/acme-host/regions/us-east5/subnetworks/run',
      endpointsSubnet: 'projects/acme-host/regions/us-east5/subnetworks/endpoints',
      ...{ googleApisAddress: '10.9.9.9', proxyOnlyCidr: '10.9.0.0/23', egress: 'ALL_TRAFFIC' },
    },
    database: { connectivity: 'psa' },
    vertex: { location: 'eu' },
    frontend: {
      host: 'claude.acme.example',
      certificate: { kind: 'private-ca', caPool: 'projects/acme-claude/locations/us-east5/caPools/pool' },
    },
  }),
}

for (const [what, environment] of Object.entries(ENVIRONMENTS)) {
  test(`${what}: nothing is made before its API is switched on`, () => {
    assert.deepEqual(tooEarly(environment), [])
  })
}

test('every API that is switched on is used, and every one that is used is switched on', () => {
  const prod = ENVIRONMENTS.production
  const used = prod.types.flatMap(type =>
    ELSEWHERE.some(prefix => type.startsWith(prefix)) ? [] : [apiOf(type) ?? type],
  )

  assert.deepEqual([...new Set([...used, ...AT_RUN_TIME])].sort(), switchedOn(prod).sort())
})

test('no API is switched off when the stack goes: others in the project may use it', () => {
  for (const service of ENVIRONMENTS.production.all('google_project_service')) {
    assert.equal(service['disable_on_destroy'], false)
  }
})
