// The front door with a name of one's own (G-19 to G-23).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Armor } from '../../infra/armor.ts'
import { ComputeSubnetwork } from '../../infra/google.ts'
import { LoadBalancer } from '../../infra/load-balancer.ts'
import { NETWORK, PLACE, SUBNET } from '../support/infra-props.ts'
import { synthesized } from '../support/synthesized.ts'

const CERTIFICATE = 'projects/p1/locations/us-east5/certificates/gatehouse-host'
const PROPS = {
  ...PLACE,
  network: NETWORK,
  subnetwork: SUBNET,
  service: 'gatehouse',
  certificateId: CERTIFICATE,
}

const door = synthesized(stack => {
  const proxyOnlySubnet = new ComputeSubnetwork(stack, 'proxies', {
    ...{ name: 'proxies', network: NETWORK, ipCidrRange: '10.64.2.0/23', purpose: 'REGIONAL_MANAGED_PROXY' },
  })
  new LoadBalancer(stack, 'front', { ...PROPS, proxyOnlySubnet })
})

test('everything before the service is regional and internal', () => {
  assert.deepEqual(door.types, [
    ...['google_compute_address', 'google_compute_forwarding_rule', 'google_compute_region_backend_service'],
    ...['google_compute_region_network_endpoint_group', 'google_compute_region_ssl_policy'],
    ...['google_compute_region_target_https_proxy', 'google_compute_region_url_map'],
    'google_compute_subnetwork',
  ])
  for (const type of door.types.filter(type => type !== 'google_compute_subnetwork')) {
    assert.equal(door.one(type)['region'], 'us-east5', type)
  }
  assert.partialDeepStrictEqual(door.one('google_compute_address'), {
    ...{ address_type: 'INTERNAL', purpose: 'GCE_ENDPOINT', subnetwork: SUBNET },
  })
})

test('the backend of a serverless group has none of the arguments that Google refuses', () => {
  const backend = door.one('google_compute_region_backend_service')

  assert.deepEqual(Object.keys(backend).sort(), [
    ...['backend', 'load_balancing_scheme', 'log_config', 'name', 'project', 'protocol', 'region'],
  ])
  assert.partialDeepStrictEqual(backend, {
    ...{ load_balancing_scheme: 'INTERNAL_MANAGED', protocol: 'HTTPS', log_config: { enable: true } },
  })
  const [group, ...more] = backend['backend'] as Record<string, unknown>[]
  assert.deepEqual(Object.keys(group ?? {}).sort(), ['balancing_mode', 'capacity_scaler', 'group'])
  assert.equal(group?.['balancing_mode'], 'UTILIZATION')
  assert.equal(more.length, 0)
})

test('the backend is the service, by its name', () => {
  assert.partialDeepStrictEqual(door.one('google_compute_region_network_endpoint_group'), {
    ...{ network_endpoint_type: 'SERVERLESS', cloud_run: { service: 'gatehouse' } },
  })
})

test('only port 443 is open, also to other regions of the network', () => {
  const rule = door.one('google_compute_forwarding_rule')

  assert.partialDeepStrictEqual(rule, {
    ...{ load_balancing_scheme: 'INTERNAL_MANAGED', port_range: '443', allow_global_access: true },
    ...{ network: NETWORK, subnetwork: SUBNET },
  })
  assert.ok(!('ports' in rule) && !('all_ports' in rule))
})

test('the forwarding rule waits for the subnet of the proxies, to which nothing refers', () => {
  assert.deepEqual(door.one('google_compute_forwarding_rule')['depends_on'], [
    'google_compute_subnetwork.proxies',
  ])
})

test('where the network has such a subnet already, there is nothing to wait for', () => {
  const stack = synthesized(scope => new LoadBalancer(scope, 'front', PROPS))

  assert.ok(!('depends_on' in stack.one('google_compute_forwarding_rule')))
})

test('clients speak TLS 1.2 or later, with modern ciphers', () => {
  assert.partialDeepStrictEqual(door.one('google_compute_region_ssl_policy'), {
    ...{ min_tls_version: 'TLS_1_2', profile: 'MODERN' },
  })
  assert.partialDeepStrictEqual(door.one('google_compute_region_target_https_proxy'), {
    certificate_manager_certificates: [CERTIFICATE],
    ssl_policy: `\${google_compute_region_ssl_policy.${idOf('google_compute_region_ssl_policy')}.id}`,
  })
})

test('Cloud Armor lets the clients in, ten ranges a rule, and nobody else', () => {
  const clientCidrs = Array.from({ length: 11 }, (_, index) => `10.${index}.0.0/16`)

  const policy = synthesized(scope => new Armor(scope, 'armor', { ...PLACE, clientCidrs })).one(
    'google_compute_region_security_policy',
  )

  const rules = policy['rules'] as { action: string; priority: number; match: unknown }[]
  assert.deepEqual(
    rules.map(({ action, priority }) => [action, priority]),
    [
      ['allow', 1000],
      ['allow', 1001],
      ['deny(403)', 2_147_483_647],
    ],
  )
  assert.deepEqual(
    rules.map(({ match }) => (match as { config: { src_ip_ranges: string[] } }).config.src_ip_ranges),
    [clientCidrs.slice(0, 10), clientCidrs.slice(10), ['*']],
  )
})

function idOf(type: string): string {
  const { resource } = JSON.parse(door.text)
  return Object.keys(resource[type])[0] ?? ''
}
