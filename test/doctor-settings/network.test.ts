// What is looked at before an apply: ranges against the subnets that are there, and what a network has only once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { saidBy, startProject } from '../support/google-project.ts'

const V1 = 'https://www.googleapis.com/compute/v1'
const SHARED = 'projects/net-host/global/networks/corp'

/** A subnet as Compute lists it. */
function subnet(name: string, ipCidrRange: string, others: Readonly<Record<string, unknown>> = {}) {
  const {
    project = 'acme-claude',
    network = `projects/${project}/global/networks/gatehouse`,
    ...rest
  } = others
  const region = `${V1}/projects/${project}/regions/us-east5`
  return {
    ...{ name, ipCidrRange, region, purpose: 'PRIVATE', network: `${V1}/${network}` },
    ...{ selfLink: `${region}/subnetworks/${name}`, ...rest },
  }
}

const PROXIES = { purpose: 'REGIONAL_MANAGED_PROXY', role: 'ACTIVE' }

/** A network of a host project, with the two subnets that the settings name. */
const HOSTED = {
  ...{ mode: 'existing', network: SHARED, googleApisAddress: '10.9.9.9', proxyOnlyCidr: '10.9.4.0/23' },
  egressSubnet: 'projects/net-host/regions/us-east5/subnetworks/run',
  ...{ endpointsSubnet: 'projects/net-host/regions/us-east5/subnetworks/psc', endpointsCidr: '10.9.1.0/28' },
}
const inHost = (name: string, range: string, others = {}) =>
  subnet(name, range, { project: 'net-host', network: SHARED, ...others })
const HOST_SUBNETS = [inHost('run', '10.9.0.0/24'), inHost('psc', '10.9.1.0/28')]

test('the subnets of an earlier apply are the stack’s own, and in nobody’s way', async t => {
  const { project, examine } = await startProject(t)
  project.subnetworks = [
    subnet('gatehouse-egress', '10.64.0.0/24'),
    subnet('gatehouse-endpoints', '10.64.1.0/28'),
    subnet('gatehouse-proxy-only', '10.64.2.0/23', PROXIES),
  ]

  assert.deepEqual(saidBy('subnets', await examine()), [
    'ok: no range of the settings meets one of 3 subnets',
  ])
})

test('a range that meets a subnet of another network matters only where the two are joined', async t => {
  const { project, examine } = await startProject(t)
  project.subnetworks = [
    subnet('office', '10.64.0.128/25', { network: 'projects/acme-claude/global/networks/default' }),
  ]

  assert.deepEqual(saidBy('subnets', await examine()), [
    'warn: network.egressCidr, 10.64.0.0/24, meets the subnet office, 10.64.0.128/25, of another network → give network.egressCidr another range, if a peering or VPN joins the two',
  ])
})

test('in a network that is there, what meets a subnet or its second range is refused', async t => {
  const { project, examine } = await startProject(t, { network: HOSTED })
  project.subnetworks = [
    ...HOST_SUBNETS,
    inHost('pods', '10.200.0.0/16', { secondaryIpRanges: [{ rangeName: 'p', ipCidrRange: '10.9.4.0/22' }] }),
    inHost('apis', '10.9.9.0/24'),
  ]

  assert.deepEqual(saidBy('subnets', await examine()), [
    'fail: network.proxyOnlyCidr, 10.9.4.0/23, meets the subnet pods, 10.9.4.0/22 → give network.proxyOnlyCidr another range',
    'fail: network.googleApisAddress, 10.9.9.9/32, meets the subnet apis, 10.9.9.0/24 → give network.googleApisAddress another range',
  ])
})

test('a network of a host project is looked up there', async t => {
  const { project, examine } = await startProject(t, { network: HOSTED })
  project.subnetworks = HOST_SUBNETS

  const findings = await examine()

  assert.deepEqual(saidBy('subnets', findings), ['ok: no range of the settings meets one of 2 subnets'])
  assert.deepEqual(
    project.asked.map(({ line }) => line).filter(line => /^GET .*net-host/.test(line)),
    [
      'GET compute.googleapis.com/compute/v1/projects/net-host/aggregated/subnetworks',
      'GET dns.googleapis.com/dns/v1/projects/net-host/policies',
      'GET compute.googleapis.com/compute/v1/projects/net-host/aggregated/subnetworks',
    ],
  )
})

test('a second proxy-only subnet is not made where there is one', async t => {
  const { project, examine } = await startProject(t, { network: HOSTED })
  project.subnetworks = [
    ...HOST_SUBNETS,
    inHost('spare', '10.9.20.0/23', { ...PROXIES, role: 'BACKUP' }),
    inHost('envoy', '10.9.8.0/26', PROXIES),
  ]

  assert.deepEqual(saidBy('subnets', await examine()), [
    'fail: the network has a proxy-only subnet in us-east5: envoy → network.createProxyOnlySubnet: false, and network.proxyOnlyCidr: 10.9.8.0/26',
  ])
})

test('a proxy-only subnet that is counted on is there, and the gateway believes its range and no other', async t => {
  const { project, examine } = await startProject(t, {
    network: { ...HOSTED, createProxyOnlySubnet: false },
  })
  project.subnetworks = HOST_SUBNETS
  const without = saidBy('subnets', await examine())
  project.subnetworks = [...HOST_SUBNETS, inHost('envoy', '10.9.8.0/26', PROXIES)]
  const other = saidBy('subnets', await examine())
  project.subnetworks = [...HOST_SUBNETS, inHost('envoy', '10.9.4.0/23', PROXIES)]
  const same = saidBy('subnets', await examine())

  assert.deepEqual(
    [...without, ...other, ...same],
    [
      'fail: the network has no proxy-only subnet in us-east5 → network.createProxyOnlySubnet: true',
      'fail: the proxies are in 10.9.8.0/26, and the gateway would believe 10.9.4.0/23 → network.proxyOnlyCidr: 10.9.8.0/26',
      'ok: no range of the settings meets one of 3 subnets',
    ],
  )
})

test('under Google’s own name no proxy-only subnet is asked for', async t => {
  const { project, examine } = await startProject(t, { frontend: { topology: 'run-app' }, network: HOSTED })
  project.subnetworks = [...HOST_SUBNETS, inHost('envoy', '10.9.4.0/23', PROXIES)]

  assert.deepEqual(saidBy('subnets', await examine()), [
    'ok: no range of the settings meets one of 3 subnets',
  ])
})

test('subnets that the settings name are there, in that network, and large enough', async t => {
  const { project, examine } = await startProject(t, {
    network: HOSTED,
    database: { endpointAddress: '10.9.1.40' },
  })
  project.subnetworks = [
    inHost('run', '10.9.0.0/27'),
    inHost('psc', '10.9.1.0/28', { network: `${SHARED}2` }),
  ]
  const small = saidBy('subnets', await examine())
  project.subnetworks = []
  const none = saidBy('subnets', await examine())

  assert.deepEqual(small, [
    'fail: psc is in another network → correct network.endpointsSubnet',
    'fail: the egress subnet, 10.9.0.0/27, has fewer than 64 addresses → name a larger one as network.egressSubnet, or lower service.maxInstances',
    'fail: 10.9.1.40 lies outside the endpoints subnet, 10.9.1.0/28 → network.endpointsCidr: 10.9.1.0/28, or database.endpointAddress: an address of it',
  ])
  assert.deepEqual(none, [
    'fail: projects/net-host/regions/us-east5/subnetworks/run is not there → correct network.egressSubnet',
    'fail: projects/net-host/regions/us-east5/subnetworks/psc is not there → correct network.endpointsSubnet',
  ])
})

/** A DNS policy of the host's network. */
const policy = (name: string, enableInboundForwarding: boolean, network = SHARED) => ({
  ...{ name, enableInboundForwarding },
  networks: [{ kind: 'dns#policyNetwork', networkUrl: `${V1}/${network}` }],
})

test('a second DNS policy is not made where the network has one', async t => {
  const { project, examine } = await startProject(t, { network: { ...HOSTED, inboundResolver: true } })
  project.dnsPolicies = [policy('other', true, `${SHARED}2`), policy('corp-dns', true)]

  assert.deepEqual(saidBy('dns-policy', await examine()), [
    'fail: the network has the DNS policy corp-dns → network.inboundResolver: false',
  ])
})

test('a policy that is counted on takes queries from outside', async t => {
  const { project, examine } = await startProject(t, { network: HOSTED })
  const without = saidBy('dns-policy', await examine())
  project.dnsPolicies = [policy('corp-dns', false)]
  const deaf = saidBy('dns-policy', await examine())
  project.dnsPolicies = [policy('corp-dns', true)]
  const hearing = saidBy('dns-policy', await examine())

  assert.deepEqual(
    [...without, ...deaf, ...hearing],
    [
      'warn: the network has no DNS policy that takes queries from outside → network.inboundResolver: true, unless laptops resolve inside the network',
      'warn: the DNS policy corp-dns takes no queries from outside → switch on inbound forwarding there, or laptops cannot resolve the gateway',
      'ok: the DNS policy corp-dns takes queries from outside',
    ],
  )
})

test('the policy of an earlier apply is the stack’s own', async t => {
  const { project, examine } = await startProject(t)
  project.dnsPolicies = [policy('gatehouse-inbound', true, 'projects/acme-claude/global/networks/gatehouse')]

  assert.deepEqual(saidBy('dns-policy', await examine()), ['ok: no other DNS policy is in the way'])
})
