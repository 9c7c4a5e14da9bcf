import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiDns } from '../../app/doctor/api-dns.ts'
import { hostDns } from '../../app/doctor/host-dns.ts'
import { findingsOf } from '../support/examination.ts'

const ZONE = "in a private zone named exactly gateway.example, one A record for the balancer's address"

test('a name that leads to private addresses only is what clients accept', async () => {
  assert.deepEqual(await findingsOf(hostDns, { names: { 'gateway.example': ['10.64.1.5'] } }), [
    { id: 'host-dns', status: 'ok', evidence: 'gateway.example leads to 10.64.1.5' },
  ])
})

test('a public address, and an AAAA record, are each told with the zone that mends it', async () => {
  const names = (...addresses: string[]) => ({ names: { 'gateway.example': addresses } })

  assert.deepEqual(await findingsOf(hostDns, names('203.0.113.9')), [
    {
      ...{ id: 'host-dns', status: 'fail', fix: ZONE },
      evidence: 'gateway.example leads to 203.0.113.9, which anybody may reach',
    },
  ])
  assert.deepEqual(await findingsOf(hostDns, names('10.64.1.5', '2001:db8::1')), [
    {
      ...{ id: 'host-dns', status: 'fail', fix: `${ZONE}, and drop its AAAA record` },
      evidence: 'gateway.example leads to 2001:db8::1, which anybody may reach',
    },
  ])
  assert.deepEqual(await findingsOf(hostDns, names()), [
    { id: 'host-dns', status: 'fail', evidence: 'gateway.example has no address', fix: ZONE },
  ])
})

test("Google's APIs outside the network are a warning where they are used, and nothing elsewhere", async () => {
  const sections = {
    telemetry: { forward_to: [{ url: 'https://telemetry.googleapis.com', auth: { google: {} } }] },
  }
  const names = { 'aiplatform.googleapis.com': ['142.250.1.1'] }

  const [used] = await findingsOf(apiDns, { sections, names })
  const [unused] = await findingsOf(apiDns, { names })

  assert.deepEqual(used, {
    ...{ id: 'api-dns', status: 'warn', evidence: 'aiplatform.googleapis.com lead outside the network' },
    fix: 'in a private zone googleapis.com., the apex A record for the endpoint, and * as a CNAME of the apex',
  })
  assert.equal(unused?.status, 'skip')
})
