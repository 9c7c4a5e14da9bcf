// The private network: its subnets, Google's APIs inside it, and the way out (8.4, G-25).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentOf } from '../support/infra-environment.ts'

const SUBNET = 'google_compute_subnetwork'
const standard = environmentOf()

const EXISTING = {
  mode: 'existing',
  network: 'projects/acme-host/global/networks/shared',
  egressSubnet: 'projects/acme-host/regions/us-east5/subnetworks/run',
  endpointsSubnet: 'projects/acme-host/regions/us-east5/subnetworks/endpoints',
  ...{ googleApisAddress: '10.9.9.9', proxyOnlyCidr: '10.9.0.0/23', endpointsCidr: '10.9.8.0/28' },
}

test('the network makes no subnet by itself', () => {
  assert.equal(standard.one('google_compute_network')['auto_create_subnetworks'], false)
})

test('Cloud Run sends from a subnet of its own, which reaches Google without a public address', () => {
  assert.partialDeepStrictEqual(standard.named(SUBNET, 'gatehouse-egress'), {
    ...{ ip_cidr_range: '10.64.0.0/24', private_ip_google_access: true },
  })
})

test('the proxies of the load balancer have their subnet, without what Google refuses there', () => {
  const subnet = standard.named(SUBNET, 'gatehouse-proxy-only')

  assert.partialDeepStrictEqual(subnet, { purpose: 'REGIONAL_MANAGED_PROXY', role: 'ACTIVE' })
  assert.equal(subnet['private_ip_google_access'], undefined)
})

test('a region that has a subnet for proxies gets no second one', () => {
  const owned = environmentOf({ network: { createProxyOnlySubnet: false } })
  const google = environmentOf({ frontend: { topology: 'run-app' } })

  for (const environment of [owned, google]) {
    assert.deepEqual(
      environment.all(SUBNET).map(({ name }) => name),
      ['gatehouse-egress', 'gatehouse-endpoints'],
    )
  }
})

test('all of Google’s APIs answer at one address inside the network', () => {
  assert.partialDeepStrictEqual(standard.one('google_compute_global_address'), {
    ...{ purpose: 'PRIVATE_SERVICE_CONNECT', address_type: 'INTERNAL', address: '10.64.4.10' },
  })
  assert.partialDeepStrictEqual(standard.one('google_compute_global_forwarding_rule'), {
    ...{ target: 'all-apis', load_balancing_scheme: '', name: 'gatehouseapis' },
  })
})

test('by default nothing of the network has an address of the internet', () => {
  assert.deepEqual(standard.all('google_compute_router_nat'), [])
  assert.deepEqual(
    standard.all('google_compute_address').filter(({ address_type }) => address_type !== 'INTERNAL'),
    [],
  )
})

test('with all traffic through the network, the internet sees as many fixed addresses as were asked for', () => {
  const nat = environmentOf({ network: { egress: 'ALL_TRAFFIC', natAddresses: 2 } })

  assert.partialDeepStrictEqual(nat.one('google_compute_router_nat'), {
    nat_ip_allocate_option: 'MANUAL_ONLY',
    nat_ips: [
      '${google_compute_address.network_nat-1.self_link}',
      '${google_compute_address.network_nat-2.self_link}',
    ],
    subnetwork: [{ name: '${google_compute_subnetwork.network_egress.id}' }],
  })
  const waitsFor = nat.one('google_cloud_run_v2_service')['depends_on'] as string[] // what dependsOn becomes
  assert.ok(waitsFor.includes('google_compute_router_nat.network_nat'))
})

test('of a Shared VPC only the endpoint of the APIs and the proxies’ subnet are made, in the host project', () => {
  const shared = environmentOf({ network: EXISTING })

  assert.deepEqual(shared.all('google_compute_network'), [])
  assert.partialDeepStrictEqual(shared.one(SUBNET), { project: 'acme-host', network: EXISTING.network })
  assert.equal(shared.one('google_compute_global_address')['project'], 'acme-host')
})

test('the owner of a Shared VPC is told which right Cloud Run’s agent needs on the subnet', () => {
  const { output } = JSON.parse(environmentOf({ network: EXISTING }).text)

  assert.equal(
    output.shared_vpc_grants.value,
    [
      `roles/compute.networkUser on ${EXISTING.egressSubnet} for serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com`,
      'Next: the owner of the host project grants it, before the phase database.',
    ].join('\n'),
  )
})
