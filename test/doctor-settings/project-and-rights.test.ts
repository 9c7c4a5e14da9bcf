// What is looked at before an apply: project, APIs, the caller's rights, and the bucket of the state (G-73).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketWith, saidBy, startProject } from '../support/google-project.ts'

test('where nothing is in the way, every check says so', async t => {
  const { examine } = await startProject(t)

  const findings = await examine()

  assert.deepEqual(
    findings.map(({ id, status, evidence }) => `${status} ${id}: ${evidence}`),
    [
      'ok credentials: Application Default Credentials are there',
      'ok project: acme-claude has the number 123456789012',
      'ok apis: 13 of the 13 APIs of this environment are on; the stack enables the others',
      'ok permissions: the caller has all of 26 permissions in acme-claude',
      'ok state-bucket: gs://acme-state keeps versions, is private, and can be written',
      'ok subnets: no range of the settings meets one of 0 subnets',
      'ok dns-policy: no other DNS policy is in the way',
      'ok org-policies: 12 of 12 policies read, and none is in the way',
    ],
  )
})

test('it only looks: what it sends are questions, with one token, on the quota of the project', async t => {
  const { project, examine } = await startProject(t, {
    budget: { billingAccount: '012345-6789AB-CDEF01', amount: 5, currency: 'USD' },
  })

  await examine()

  const [token, ...others] = project.asked
  assert.equal(token?.line, 'POST oauth2.googleapis.com/token')
  assert.deepEqual(
    others
      .map(({ line }) => line)
      .filter(line => !line.startsWith('GET '))
      .sort(),
    [
      'POST cloudbilling.googleapis.com/v1/billingAccounts/012345-6789AB-CDEF01:testIamPermissions',
      'POST cloudresourcemanager.googleapis.com/v3/projects/acme-claude:testIamPermissions',
    ],
  )
  assert.deepEqual(
    [...new Set(others.map(({ authorization, quota }) => `${authorization} ${quota}`))],
    ['Bearer token-of-a-person acme-claude'],
  )
})

test('without credentials there is one finding, and nothing is asked', async t => {
  const { project, examine } = await startProject(t)
  project.refusals['oauth2'] = { status: 400, reason: '' }

  const findings = await examine()

  assert.deepEqual(
    findings.map(({ id, status, fix }) => ({ id, status, fix })),
    [{ id: 'credentials', status: 'fail', fix: 'gcloud auth application-default login' }],
  )
})

test('a number of another project is named with the line to write', async t => {
  const { project, examine } = await startProject(t)
  project.project = { body: { name: 'projects/998877665544', state: 'ACTIVE' } }

  assert.deepEqual(saidBy('project', await examine()), [
    'fail: acme-claude has the number 998877665544, not 123456789012 → projectNumber: "998877665544"',
  ])
})

test('a project that is being deleted cannot be used', async t => {
  const { project, examine } = await startProject(t)
  project.project = { body: { name: 'projects/123456789012', state: 'DELETE_REQUESTED' } }

  assert.deepEqual(saidBy('project', await examine()), [
    'fail: acme-claude is DELETE_REQUESTED → restore it, or take another project',
  ])
})

test('a project that the caller cannot see is a failure', async t => {
  const { project, examine } = await startProject(t)
  project.project = { status: 403, reason: 'IAM_PERMISSION_DENIED' }

  assert.deepEqual(saidBy('project', await examine()), [
    'fail: acme-claude is not there, or the caller may not see it (403) → correct project, or sign in as somebody who may: gcloud auth application-default login',
  ])
})

test('an empty project is told to run the script that comes before the stack', async t => {
  const { project, examine } = await startProject(t)
  for (const api of ['cloudresourcemanager', 'serviceusage', 'compute', 'dns', 'orgpolicy'])
    project.refusals[api] = { status: 403, reason: 'SERVICE_DISABLED' }
  project.bucket = { status: 404, reason: 'notFound' }

  const findings = await examine()

  assert.deepEqual(
    findings.slice(1).map(({ id, status, evidence, fix }) => [status, id, evidence, fix]),
    [
      [
        'fail',
        'project',
        'cloudresourcemanager.googleapis.com is off',
        'infra/bootstrap.sh acme-claude us-east5',
      ],
      ['fail', 'apis', 'serviceusage.googleapis.com is off', 'infra/bootstrap.sh acme-claude us-east5'],
      ['skip', 'permissions', `what the caller may do in acme-claude ${OFF}`, undefined],
      ['fail', 'state-bucket', 'gs://acme-state is not there', 'infra/bootstrap.sh acme-claude us-east5'],
      ['skip', 'subnets', `the subnets of acme-claude ${OFF}`, undefined],
      ['skip', 'dns-policy', `the DNS policies of acme-claude ${OFF}`, undefined],
      ['skip', 'org-policies', `none of 12 policies can be read; sql.restrictPublicIp ${OFF}`, undefined],
    ],
  )
})

/** The end of what is said where an API is not there to be asked. */
const OFF = 'cannot be read yet: that API is off in this project'

test('APIs that the stack enables itself may be off, the two before it may not', async t => {
  const { project, examine } = await startProject(t)
  project.apis = new Set(['serviceusage', 'run', 'compute'])

  const findings = saidBy('apis', await examine())
  project.apis.add('cloudresourcemanager')
  const after = saidBy('apis', await examine())

  assert.deepEqual(findings, [
    'fail: off: cloudresourcemanager.googleapis.com → infra/bootstrap.sh acme-claude us-east5',
  ])
  assert.deepEqual(after, ['ok: 2 of the 13 APIs of this environment are on; the stack enables the others'])
})

test('what the caller lacks is named with the roles that have it', async t => {
  const { project, examine } = await startProject(t, { secrets: { rotationDays: 90 } })
  for (const name of ['dns.managedZones.create', 'run.jobs.create', 'pubsub.topics.create'])
    project.permissions.delete(name)

  assert.deepEqual(saidBy('permissions', await examine()), [
    'fail: in acme-claude the caller lacks run.jobs.create, dns.managedZones.create, pubsub.topics.create → grant roles/run.admin, roles/dns.admin, roles/pubsub.admin, or apply as the account that infra/bootstrap.sh makes',
  ])
})

test('in a network of another project the rights are needed there, and no network is made', async t => {
  const { project, examine } = await startProject(t, { network: HOSTED })
  for (const name of [
    'compute.networks.create',
    'compute.subnetworks.use',
    'dns.networks.bindPrivateDNSZone',
  ])
    project.permissions.delete(name)

  assert.deepEqual(saidBy('permissions', await examine()), [
    'ok: the caller has all of 19 permissions in acme-claude',
    'fail: in net-host the caller lacks compute.subnetworks.use, dns.networks.bindPrivateDNSZone → grant roles/compute.networkAdmin, roles/dns.admin, or apply as the account that infra/bootstrap.sh makes',
  ])
})

/** A network of a host project. */
const HOSTED = {
  ...{ mode: 'existing', network: 'projects/net-host/global/networks/corp', googleApisAddress: '10.9.9.9' },
  egressSubnet: 'projects/net-host/regions/us-east5/subnetworks/run',
  endpointsSubnet: 'projects/net-host/regions/us-east5/subnetworks/psc',
  ...{ endpointsCidr: '10.9.1.0/28', proxyOnlyCidr: '10.9.4.0/23' },
}

test('a budget takes a right on the billing account, which no role of the project gives', async t => {
  const { project, examine } = await startProject(t, {
    budget: { billingAccount: '012345-6789AB-CDEF01', amount: 5, currency: 'USD' },
  })
  project.permissions.delete('billing.budgets.create')

  assert.equal(
    saidBy('permissions', await examine())[1],
    'fail: the caller may not make budgets for 012345-6789AB-CDEF01 → grant roles/billing.costsManager on the billing account, or remove the key budget',
  )
})

test('the bucket of the state keeps versions, has one kind of rights, and is nobody else’s', async t => {
  const { project, examine } = await startProject(t)
  project.bucket = bucketWith({ versioning: undefined, iamConfiguration: {}, projectNumber: '4711' })
  project.permissions.delete('storage.objects.delete')

  assert.deepEqual(saidBy('state-bucket', await examine()), [
    'fail: gs://acme-state keeps no versions: a lost state stays lost → gcloud storage buckets update gs://acme-state --versioning',
    'fail: gs://acme-state has rights per object → gcloud storage buckets update gs://acme-state --uniform-bucket-level-access',
    'warn: gs://acme-state can be made public → gcloud storage buckets update gs://acme-state --public-access-prevention',
    'warn: gs://acme-state belongs to the project number 4711 → set stateBucket to one of this project, unless that is meant',
    'fail: the caller lacks storage.objects.delete on gs://acme-state → grant roles/storage.objectAdmin on the bucket',
  ])
})

test('what the caller may not read is said, and is no failure', async t => {
  const { project, examine } = await startProject(t)
  for (const api of ['compute', 'storage']) project.refusals[api] = { status: 403, reason: 'forbidden' }

  const findings = await examine()

  assert.deepEqual(saidBy('subnets', findings), [
    'skip: the subnets of acme-claude cannot be read by the caller (403 forbidden)',
  ])
  assert.deepEqual(saidBy('state-bucket', findings), [
    'skip: gs://acme-state cannot be read by the caller (403 forbidden)',
  ])
})

test('an outage of Google is said as what it is', async t => {
  const { project, examine } = await startProject(t)
  project.refusals['dns'] = { status: 503, reason: 'backendError' }

  assert.deepEqual(saidBy('dns-policy', await examine()), [
    'warn: the DNS policies of acme-claude cannot be read (503 backendError) → run it again, or look yourself',
  ])
})
