// Nobody outside reaches the gateway, and those inside reach it by one port and one name (8.5).
import { all, always, blocksAt, type Fact, ofType, valueAt } from './fact.ts'

const SERVICE = 'google_cloud_run_v2_service'
const RULE = 'google_compute_forwarding_rule'
const SUBNET = 'google_compute_subnetwork'

/** "Timeout sec is not supported …" and its like: what a group without servers of its own refuses (G-21). */
const REFUSED = [
  ...['timeout_sec', 'health_checks', 'port_name', 'session_affinity', 'outlier_detection'],
  ...['backend.max_rate', 'backend.max_rate_per_instance', 'backend.max_utilization'],
]

export const FRONT_DOOR: readonly Fact[] = [
  {
    sentence: 'everything in front of the service is inside the network',
    broken: all(
      always(SERVICE, 'ingress', 'INGRESS_TRAFFIC_INTERNAL_ONLY'),
      always(RULE, 'load_balancing_scheme', 'INTERNAL_MANAGED', ''),
      always('google_compute_global_forwarding_rule', 'load_balancing_scheme', ''),
      always('google_dns_managed_zone', 'visibility', 'private'),
    ),
  },
  {
    sentence: 'no address is of the internet, except those that a NAT sends from',
    broken: stack => {
      const sending = JSON.stringify(ofType(stack, 'google_compute_router_nat').map(({ block }) => block))
      return ofType(stack, 'google_compute_address')
        .filter(
          ({ block, address }) => block['address_type'] !== 'INTERNAL' && !sending.includes(`{${address}.`),
        )
        .map(({ address, block }) => `${address}: address_type is ${block['address_type'] ?? 'not set'}`)
    },
  },
  {
    sentence: 'only port 443 is open',
    broken: stack =>
      frontRules(stack).flatMap(({ address, block }) => [
        ...(block['port_range'] === '443' ? [] : [`${address}: port_range is ${block['port_range']}`]),
        ...['ports', 'all_ports'].filter(name => name in block).map(name => `${address}: ${name} is set`),
      ]),
  },
  {
    sentence: 'the backend of a serverless group has no argument that Google refuses there',
    broken: stack =>
      ofType(stack, 'google_compute_region_backend_service').flatMap(({ address, block }) => [
        ...REFUSED.filter(path =>
          blocksAt(block, path.split('.')[0] ?? '').some(found => isSet(found, path)),
        ).map(path => `${address}: ${path} is set`),
        ...blocksAt(block, 'backend')
          .filter(backend => valueAt(backend, 'balancing_mode') !== 'UTILIZATION')
          .map(backend => `${address}: balancing_mode is ${valueAt(backend, 'balancing_mode')}`),
      ]),
  },
  {
    sentence: 'a forwarding rule waits for the subnet of the proxies, to which nothing refers',
    broken: stack => {
      const subnets = ofType(stack, SUBNET).filter(
        ({ block }) => block['purpose'] === 'REGIONAL_MANAGED_PROXY',
      )
      return frontRules(stack).flatMap(({ address, block }) =>
        subnets
          .filter(subnet => !blocksAt(block, 'depends_on').includes(subnet.address))
          .map(subnet => `${address}: it does not wait for ${subnet.address}`),
      )
    },
  },
  {
    sentence: 'the subnet of the proxies is active, and has nothing that Google refuses there',
    broken: stack =>
      ofType(stack, SUBNET)
        .filter(({ block }) => block['purpose'] === 'REGIONAL_MANAGED_PROXY')
        .flatMap(({ address, block }) => [
          ...(block['role'] === 'ACTIVE' ? [] : [`${address}: role is ${block['role']}`]),
          ...('private_ip_google_access' in block ? [`${address}: private_ip_google_access is set`] : []),
        ]),
  },
]

function frontRules(stack: Parameters<Fact['broken']>[0]) {
  return ofType(stack, RULE).filter(({ block }) => block['load_balancing_scheme'] !== '')
}

/** `found` is what stands at the first step of the path. */
function isSet(found: unknown, path: string): boolean {
  const [, inner] = path.split('.')
  return inner === undefined || valueAt(found, inner) !== undefined
}
