// Ranges, addresses and networks that are there already: what the settings refuse before Google does (G-5).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemsOf, settingsOf } from '../support/infra-environment.ts'

const EXISTING = {
  mode: 'existing',
  network: 'projects/host/global/networks/shared',
  egressSubnet: 'projects/host/regions/us-east5/subnetworks/run',
  endpointsSubnet: 'projects/host/regions/us-east5/subnetworks/endpoints',
}

test('ranges that meet are refused, each pair once', () => {
  assert.deepEqual(problemsOf({ network: { endpointsCidr: '10.64.0.0/28' } }), [
    'network.endpointsCidr: 10.64.0.0/28 overlaps network.egressCidr, 10.64.0.0/24. Fix: give each its own range.',
  ])
})

test('the address of the Google APIs lies outside every subnet', () => {
  assert.deepEqual(problemsOf({ network: { googleApisAddress: '10.64.0.7' } }), [
    'network.googleApisAddress: 10.64.0.7 lies in network.egressCidr, 10.64.0.0/24. Fix: take an address outside every subnet: it is announced by itself.',
  ])
})

test('the egress subnet holds four addresses for each instance', () => {
  const database = { tier: 'db-custom-4-15360', maxConnections: 1000 }

  assert.deepEqual(problemsOf({ database, service: { maxInstances: 65 } }), [
    'network.egressCidr: holds 256 addresses, and 260 are needed: at least a /26, and 4 for each of service.maxInstances. Fix: use a /23 or larger.',
  ])
})

test('the database endpoint lies in the subnet that it is taken from', () => {
  assert.deepEqual(problemsOf({ database: { endpointAddress: '10.64.3.9' } }), [
    'database.endpointAddress: 10.64.3.9 lies outside network.endpointsCidr, 10.64.1.0/28. Fix: take an address of that range.',
  ])
})

test('a range is written as its first address and its length', () => {
  assert.deepEqual(problemsOf({ network: { egressCidr: '10.64.0.1/24' } }), [
    'network.egressCidr: "10.64.0.1/24", needs an IPv4 range. Fix: write its first address and length, such as 10.64.0.0/24.',
  ])
})

test('an existing network is named by its ids, and states what the defaults cannot know of it', () => {
  const problems = problemsOf({ network: { mode: 'existing', network: EXISTING.network } })

  assert.deepEqual(
    problems.map(problem => problem.split(': ')[0]),
    [
      ...['network.egressSubnet', 'network.endpointsSubnet', 'network.googleApisAddress'],
      ...['network.proxyOnlyCidr', 'network.endpointsCidr'],
    ],
  )
})

test('an existing network has no second resolver, and its subnets stand in the region', () => {
  const stated = { googleApisAddress: '10.9.9.9', proxyOnlyCidr: '10.9.0.0/23', endpointsCidr: '10.9.8.0/28' }

  assert.equal(settingsOf({ network: { ...EXISTING, ...stated } }).network.inboundResolver, false)
  assert.deepEqual(problemsOf({ region: 'us-east1', network: { ...EXISTING, ...stated } }), [
    'network.egressSubnet: is not in the region us-east1. Fix: name one that is.',
    'network.endpointsSubnet: is not in the region us-east1. Fix: name one that is.',
  ])
})

test('ids of a network are refused where the stack makes its own', () => {
  assert.deepEqual(problemsOf({ network: { network: EXISTING.network } }), [
    'network.network: is not used with mode create. Fix: remove it, or set network.mode: existing.',
  ])
})

test('the name of Google is not combined with a host of your own', () => {
  assert.deepEqual(problemsOf({ frontend: { topology: 'run-app', host: 'claude.acme.example' } }), [
    'frontend.host: is not used with topology run-app. Fix: remove it, or set frontend.topology: load-balancer.',
  ])
})

test('a company domain is no host: its private zone would hide every other name', () => {
  assert.deepEqual(problemsOf({ frontend: { host: 'acme.example' } }), [
    'frontend.host: "acme.example", needs a full name of at least three parts, in lower case. Fix: write such as claude.example.com: a zone of that name is made, and would hide a whole company domain.',
  ])
})

test('a name of one letter makes a service account that Google refuses', () => {
  assert.deepEqual(problemsOf({ name: 'g' }), [
    'name: makes the service account g-run, and Google wants at least 6 characters. Fix: use two characters or more.',
  ])
})

test('delegation and a key act for an administrator, who must be named', () => {
  assert.deepEqual(problemsOf({ directory: { mode: 'delegation' } }), [
    'directory.adminEmail: missing: mode delegation asks in the name of an administrator.',
  ])
  assert.deepEqual(problemsOf({ directory: { mode: 'key', adminEmail: 'admin@acme.example' } }), [
    'secrets.extra.directory-key: missing: mode key reads the key file from it. Fix: add `directory-key: { version: 1 }`.',
  ])
})
