// What comes before the stack, against a gcloud that remembers (8.12, G-80).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PipelineRig, type Row } from '../support/pipeline-rig.ts'

/** A new project: nothing is there until it was created. */
const PROJECT: readonly Row[] = [
  { asked: '^gcloud services enable ' },
  { asked: '^gcloud storage buckets list ', knows: 'bucket', says: 'p1-gatehouse-state\n' },
  { asked: '^gcloud storage buckets list ' },
  { asked: '^gcloud storage buckets create ', knows: 'bucket', exit: 1, says: '409\n' },
  { asked: '^gcloud storage buckets create ', learns: 'bucket' },
  {
    asked: '^gcloud storage buckets (update|add-iam-policy-binding) gs://p1-gatehouse-state ',
    knows: 'bucket',
  },
  { asked: '^gcloud iam service-accounts list .*email=gatehouse-deploy@', knows: 'account', says: 'there\n' },
  { asked: '^gcloud iam service-accounts list .*email=gatehouse-run@', knows: 'foundation', says: 'there\n' },
  { asked: '^gcloud iam service-accounts list ' },
  { asked: '^gcloud iam service-accounts create ', knows: 'account', exit: 1, says: '409\n' },
  { asked: '^gcloud iam service-accounts create gatehouse-deploy ', learns: 'account' },
  { asked: '^gcloud projects add-iam-policy-binding p1 ', knows: 'account' },
  { asked: '^gcloud iam service-accounts add-iam-policy-binding gatehouse-run@', knows: 'foundation' },
]

const run = (rig: PipelineRig, ...features: string[]) =>
  rig.run('infra/bootstrap.sh', { args: ['p1', 'us-east5', ...features] })

test('a new project gets a bucket for the state: versioned, uniform, never public', () => {
  using rig = new PipelineRig(PROJECT)

  const { exit, said, calls } = run(rig)

  assert.equal(exit, 0, said)
  assert.ok(
    calls.includes(
      'gcloud storage buckets create gs://p1-gatehouse-state --project=p1 --location=us-east5 --uniform-bucket-level-access --public-access-prevention',
    ),
  )
  assert.ok(
    calls.includes(
      'gcloud storage buckets update gs://p1-gatehouse-state --versioning --uniform-bucket-level-access --public-access-prevention',
    ),
  )
  assert.match(said, /stateBucket: p1-gatehouse-state/)
})

test('the deploying account gets the listed roles, and the right to the bucket alone', () => {
  using rig = new PipelineRig(PROJECT)

  const { calls } = run(rig)

  const roles = calls.flatMap(call => /^gcloud projects .*--role=roles\/(\S+)/.exec(call)?.[1] ?? [])
  assert.deepEqual(roles.sort(), [
    ...['artifactregistry.admin', 'certificatemanager.editor', 'cloudscheduler.admin', 'cloudsql.admin'],
    ...['compute.loadBalancerAdmin', 'compute.networkAdmin', 'dns.admin', 'iam.roleAdmin'],
    ...['iam.serviceAccountAdmin', 'logging.configWriter', 'monitoring.admin'],
    ...['resourcemanager.projectIamAdmin', 'run.admin', 'secretmanager.admin'],
    'serviceusage.serviceUsageAdmin',
  ])
  assert.ok(
    calls.includes(
      'gcloud storage buckets add-iam-policy-binding gs://p1-gatehouse-state --format=none --member=serviceAccount:gatehouse-deploy@p1.iam.gserviceaccount.com --role=roles/storage.objectAdmin',
    ),
  )
})

test('a second run creates nothing, and succeeds', () => {
  using rig = new PipelineRig(PROJECT)
  run(rig)

  const { exit, said, calls } = run(rig)

  assert.equal(exit, 0, said)
  assert.deepEqual(
    calls.filter(call => call.includes(' create ')),
    [],
  )
})

test('the accounts of the stack are named while they are missing, and may be used once they are there', () => {
  using rig = new PipelineRig(PROJECT)
  const first = run(rig)
  rig.answer(PROJECT.map(row => (row.knows === 'foundation' ? without(row) : row)))

  const second = run(rig)

  assert.match(first.said, /Not there yet: gatehouse-run@p1\.iam\.gserviceaccount\.com gatehouse-directory@/)
  assert.ok(
    second.calls.includes(
      'gcloud iam service-accounts add-iam-policy-binding gatehouse-run@p1.iam.gserviceaccount.com --project=p1 --format=none --member=serviceAccount:gatehouse-deploy@p1.iam.gserviceaccount.com --role=roles/iam.serviceAccountUser',
    ),
  )
  assert.doesNotMatch(second.said, /Not there yet: gatehouse-run@/)
})

test('a feature brings its roles, and only its own', () => {
  using rig = new PipelineRig(PROJECT)

  const { calls } = run(rig, 'build')

  const roles = calls.join('\n')
  assert.match(roles, /roles\/cloudbuild\.builds\.editor/)
  assert.doesNotMatch(roles, /cloudkms|pubsub|servicenetworking/)
})

test('an unknown feature is refused before anything is done', () => {
  using rig = new PipelineRig(PROJECT)

  const { exit, said, calls } = run(rig, 'everything')

  assert.equal(exit, 2)
  assert.match(said, /no feature is called everything/)
  assert.deepEqual(calls, [])
})

test('a refusal of Google ends the run', () => {
  using rig = new PipelineRig([{ asked: 'services enable', exit: 1, says: 'PERMISSION_DENIED\n' }])

  const { exit, calls } = run(rig)

  assert.equal(exit, 1)
  assert.equal(calls.length, 1)
})

function without({ knows: _, ...row }: Row): Row {
  return row
}
