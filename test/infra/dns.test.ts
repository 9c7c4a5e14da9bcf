// The private names: one host, Google's APIs, and who may ask for them (G-24, G-26 to G-28).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dns, type DnsProps } from '../../infra/dns.ts'
import { NETWORK, PLACE, SUBNET } from '../support/infra-props.ts'
import { synthesized } from '../support/synthesized.ts'

const PROPS: DnsProps = {
  ...{ ...PLACE, network: NETWORK, host: 'gw.example.com', hostAddress: '10.64.1.2' },
  ...{ googleApisAddress: '10.64.4.10', inboundResolver: true },
}

function dnsWith(changes: Partial<DnsProps> = {}) {
  const said: string[] = []
  const stack = synthesized(scope => {
    said.push(new Dns(scope, 'dns', { ...PROPS, ...changes }).resolverInstructions)
  })
  const zones = stack.all('google_dns_managed_zone')
  const records = stack.all('google_dns_record_set').map(({ type, ttl, rrdatas, managed_zone }) => ({
    type,
    ttl,
    rrdatas,
    managed_zone: String(managed_zone),
  }))
  const recordsOf = (id: string) =>
    records
      .filter(({ managed_zone }) => managed_zone.includes(`dns_${id}_`))
      .map(({ type, ttl, rrdatas }) => ({ type, ttl, rrdatas }))
  return { stack, zones, recordsOf, said: said.join('') }
}

const dns = dnsWith()

test('every zone is private to the network', () => {
  for (const zone of dns.zones) {
    assert.equal(zone['visibility'], 'private')
    assert.deepEqual(zone['private_visibility_config'], { networks: [{ network_url: NETWORK }] })
  }
})

test('the zone of the host is the host, so that no other name of the company disappears', () => {
  assert.equal(dns.stack.named('google_dns_managed_zone', 'gatehouse-host')['dns_name'], 'gw.example.com.')
})

test('the host has one address of IPv4 and nothing else', () => {
  assert.deepEqual(dns.recordsOf('host'), [{ type: 'A', ttl: 60, rrdatas: ['10.64.1.2'] }])
})

test('there is no AAAA record at all', () => {
  assert.deepEqual(
    dns.stack.all('google_dns_record_set').filter(({ type }) => type !== 'A' && type !== 'CNAME'),
    [],
  )
})

test('Google’s APIs and run.app answer at the endpoint; the sign-in of people does not', () => {
  assert.deepEqual(dns.zones.map(zone => zone['dns_name']).sort(), [
    ...['googleapis.com.', 'gw.example.com.', 'run.app.'],
  ])
  for (const zone of ['googleapis', 'run-app']) {
    const [apex, names] = dns.recordsOf(zone)
    assert.deepEqual(apex, { type: 'A', ttl: 60, rrdatas: ['10.64.4.10'] })
    assert.equal(names?.type, 'CNAME')
  }
})

test('a run.app host needs no zone of its own', () => {
  const { zones } = dnsWith({ host: 'gatehouse-1.us-east5.run.app', hostAddress: undefined } as never)

  assert.deepEqual(zones.map(zone => zone['dns_name']).sort(), ['googleapis.com.', 'run.app.'])
})

test('resolvers outside get addresses inside, and are told to forward the host alone', () => {
  assert.partialDeepStrictEqual(dns.stack.one('google_dns_policy'), {
    ...{ enable_inbound_forwarding: true, networks: [{ network_url: NETWORK }] },
  })
  assert.match(dns.said, /gcloud compute addresses list --project=p1 .*DNS_RESOLVER/)
  assert.match(dns.said, /forward gw\.example\.com\. /)
  assert.doesNotMatch(dns.said, /run\.app|googleapis/)
})

test('a network that has its resolver keeps it', () => {
  const { stack } = dnsWith({ inboundResolver: false })

  assert.deepEqual(stack.all('google_dns_policy'), [])
})

test('Vertex AI in a multi-region has an endpoint and a zone of its own', () => {
  const { stack, zones } = dnsWith({ vertexEndpoint: { location: 'eu', subnetwork: SUBNET } })

  assert.partialDeepStrictEqual(stack.one('google_network_connectivity_regional_endpoint'), {
    ...{ target_google_api: 'aiplatform.eu.rep.googleapis.com', network: NETWORK, subnetwork: SUBNET },
  })
  assert.ok(zones.some(zone => zone['dns_name'] === 'aiplatform.eu.rep.googleapis.com.'))
})
