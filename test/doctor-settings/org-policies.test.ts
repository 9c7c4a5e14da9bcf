// What is looked at before an apply: organisation policies that would stop it, each with the setting that avoids it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { saidBy, startProject } from '../support/google-project.ts'

const ENFORCED = [{ enforce: true }]
const allowed = (...allowedValues: string[]) => [{ values: { allowedValues } }]
const denied = (...deniedValues: string[]) => [{ values: { deniedValues } }]

test('each policy that is in the way of these settings is named with the setting that avoids it', async t => {
  const { project, examine } = await startProject(t, {
    directory: { mode: 'key', adminEmail: 'admin@acme.example' },
    secrets: { extra: { 'directory-key': { version: 1 } } },
    build: {
      enabled: true,
      repository: 'projects/p1/locations/us-east5/connections/github/repositories/gatehouse',
    },
  })
  project.rules = {
    'sql.restrictPublicIp': ENFORCED,
    'iam.allowedPolicyMemberDomains': allowed('C01abcdef'),
    'run.managed.requireInvokerIam': ENFORCED,
    'run.allowedIngress': allowed('internal-and-cloud-load-balancing'),
    'run.allowedVPCEgress': allowed('all-traffic'),
    'iam.disableServiceAccountKeyCreation': ENFORCED,
    'gcp.resourceLocations': allowed('europe-west1'),
    'gcp.restrictNonCmekServices': denied('is:sqladmin.googleapis.com', 'bigquery.googleapis.com'),
    'compute.restrictLoadBalancerCreationForTypes': [{ denyAll: true }],
    'compute.disablePrivateServiceConnectCreationForConsumers': denied('SERVICE_PRODUCERS'),
    'cloudbuild.allowedWorkerPools': allowed('under:organizations/1'),
  }

  assert.deepEqual(saidBy('org-policies', await examine()), [
    'fail: run.managed.requireInvokerIam: the invoker check cannot be switched off → service.invoker: all-users',
    'fail: run.allowedIngress: internal ingress is refused → ask for an exemption of this project: no setting avoids it',
    'fail: run.allowedVPCEgress: network.egress PRIVATE_RANGES_ONLY is refused → network.egress: ALL_TRAFFIC',
    'fail: iam.disableServiceAccountKeyCreation: keys of service accounts are refused → directory.mode: group-reader',
    'fail: gcp.resourceLocations: us-east5 is refused → set region (and secrets.replication) to what is allowed',
    "fail: gcp.restrictNonCmekServices: keys of one's own are asked for in sqladmin.googleapis.com → ask for an exemption of this project: no setting avoids it",
    'fail: compute.restrictLoadBalancerCreationForTypes: internal Application Load Balancers are refused → frontend.topology: run-app',
    'fail: compute.disablePrivateServiceConnectCreationForConsumers: endpoints for Cloud SQL are refused → database.connectivity: psa',
    "fail: cloudbuild.allowedWorkerPools: Google's own worker pool is refused → build.enabled: false, and build elsewhere",
  ])
})

test('the settings that avoid them do', async t => {
  const { project, examine } = await startProject(t, {
    frontend: { topology: 'run-app' },
    network: { egress: 'ALL_TRAFFIC' },
    database: { connectivity: 'psa' },
    directory: { mode: 'group-reader' },
    service: { invoker: 'all-users' },
    secrets: { replication: ['us-east5'] },
  })
  project.rules = {
    'run.managed.requireInvokerIam': ENFORCED,
    'run.allowedIngress': denied('all'),
    'run.allowedVPCEgress': allowed('all-traffic'),
    'iam.managed.disableServiceAccountKeyCreation': ENFORCED,
    'gcp.resourceLocations': allowed('in:us-locations'),
    'compute.restrictLoadBalancerCreationForTypes': denied('in:INTERNAL'),
    'compute.disablePrivateServiceConnectCreationForConsumers': allowed('GOOGLE_APIS'),
    'cloudbuild.allowedWorkerPools': allowed('under:organizations/1'),
  }

  assert.deepEqual(saidBy('org-policies', await examine()), [
    'ok: 12 of 12 policies read, and none is in the way',
  ])
})

test('a grant to all users is refused where members are restricted to domains', async t => {
  const { project, examine } = await startProject(t, { service: { invoker: 'all-users' } })
  project.rules = { 'iam.allowedPolicyMemberDomains': allowed('C01abcdef') }

  assert.deepEqual(saidBy('org-policies', await examine()), [
    'fail: iam.allowedPolicyMemberDomains: grants to allUsers are refused → service.invoker: disabled',
  ])
})

test('secrets that are replicated everywhere need global among the allowed locations', async t => {
  const { project, examine } = await startProject(t)
  project.rules = { 'gcp.resourceLocations': allowed('in:us-east5-locations') }
  const without = saidBy('org-policies', await examine())
  project.rules = { 'gcp.resourceLocations': allowed('us-east5', 'global') }
  const withGlobal = saidBy('org-policies', await examine())

  assert.deepEqual(without, [
    'fail: gcp.resourceLocations: secrets without a region are refused → secrets.replication: [us-east5]',
  ])
  assert.deepEqual(withGlobal, ['ok: 12 of 12 policies read, and none is in the way'])
})

test('a region that may be part of a group is a warning, because only Google knows the groups', async t => {
  const { project, examine } = await startProject(t)
  project.rules = { 'gcp.resourceLocations': allowed('in:low-carbon-locations', 'global') }

  assert.deepEqual(saidBy('org-policies', await examine()), [
    'warn: gcp.resourceLocations: us-east5: not named, unless part of in:low-carbon-locations → set region (and secrets.replication) to what is allowed',
  ])
})

test('without the endpoint for Google’s APIs there is no way', async t => {
  const { project, examine } = await startProject(t)
  project.rules = { 'compute.disablePrivateServiceConnectCreationForConsumers': [{ denyAll: true }] }

  assert.deepEqual(saidBy('org-policies', await examine()), [
    'fail: compute.disablePrivateServiceConnectCreationForConsumers: endpoints for Google APIs are refused → ask for an exemption of this project: no setting avoids it',
  ])
})
