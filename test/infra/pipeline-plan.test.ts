// A release is planned: which image, which revision serves now, and the plan that somebody will approve (G-50, G-60).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { PipelineRig, type Row } from '../support/pipeline-rig.ts'

const COMMIT = '0123456789abcdef0123456789abcdef01234567'
const DIGEST = `sha256:${'d'.repeat(64)}`
const IMAGE = 'us-east5-docker.pkg.dev/p1/gatehouse/gatehouse'
const STACK = 'cdktf.out/stacks/prod'
const VARIABLES = {
  ...{ MODE: 'plan', GATEHOUSE_ENV: 'prod', SERVICE: 'gatehouse', PROJECT: 'p1', REGION: 'us-east5' },
  ...{ IMAGE, COMMIT, PLANS: 'gs://p1-state/gatehouse/prod/plans', ATTESTOR: '', KEY_VERSION: '' },
}

const provenance = {
  builder: { id: 'https://cloudbuild.googleapis.com/GoogleHostedWorker' },
  revision: COMMIT,
}
const BUILT: readonly Row[] = [
  { asked: `images describe ${IMAGE}:${COMMIT} `, says: `${DIGEST}\n` },
  { asked: `images describe ${IMAGE}@${DIGEST} --show-provenance`, says: JSON.stringify(provenance) },
]
const SERVING: readonly Row[] = [
  { asked: 'run services list ', says: 'gatehouse\n' },
  { asked: 'run services describe ', says: '0,gatehouse-00008-new\n100,gatehouse-00007-abc\n,\n' },
]

function ran(
  script: string,
  rows: readonly Row[],
  { variables = {}, files = {}, args = [] as string[] } = {},
) {
  using rig = new PipelineRig(rows)
  rig.write(files)
  const { exit, said, calls } = rig.run(`infra/pipeline/${script}`, {
    args,
    variables: { ...VARIABLES, ...variables },
  })
  const left = ['image', 'stable-revision', 'plan', 'cdk.tf.json', 'terraform.lock.hcl']
    .filter(file => rig.has(`.deploy/${file}`))
    .map(file => [file, rig.read(`.deploy/${file}`)])
  const settings = parse(rig.read('infra/environments/prod.yaml'))
  return { exit, said, calls, settings, left: Object.fromEntries(left) as Record<string, string> }
}

test('the commit’s tag becomes a digest, once our pipeline’s provenance names the commit', () => {
  assert.deepEqual(ran('resolve-image.sh', BUILT).left, { image: `${IMAGE}@${DIGEST}\n` })
})

test('an image that was not built here is refused', () => {
  const rows = [BUILT[0]!, { ...BUILT[1]!, says: JSON.stringify({ revision: COMMIT }) }] // both rows are above

  const { exit, said, left } = ran('resolve-image.sh', rows)

  assert.equal(exit, 1)
  assert.match(said, /provenance of \S+ does not name https:\/\/cloudbuild/)
  assert.deepEqual(left, {})
})

test('an image that was built of another commit is refused', () => {
  const other = JSON.stringify({ ...provenance, revision: 'f'.repeat(40) })

  const { exit, left } = ran('resolve-image.sh', [BUILT[0]!, { ...BUILT[1]!, says: other }]) // as above

  assert.equal(exit, 1)
  assert.deepEqual(left, {})
})

test('a commit without an image is told', () => {
  const { exit, said } = ran('resolve-image.sh', [{ asked: 'images describe', says: '' }])

  assert.equal(exit, 1)
  assert.match(said, /was the commit built\?/)
})

test('the stable revision is the one that most requests go to, not the newest', () => {
  assert.deepEqual(ran('stable-revision.sh', SERVING).left, { 'stable-revision': 'gatehouse-00007-abc\n' })
})

test('before the first deployment there is none', () => {
  assert.deepEqual(ran('stable-revision.sh', [{ asked: 'run services list ', says: '' }]).left, {
    'stable-revision': '',
  })
})

test('a service that cannot be read is not taken for one that is not there', () => {
  const { exit, left } = ran('stable-revision.sh', [{ asked: 'run services list', exit: 1 }])

  assert.equal(exit, 1)
  assert.deepEqual(left, {})
})

test('an image is signed once', () => {
  const variables = {
    ATTESTOR: 'projects/p1/attestors/gatehouse-tested',
    KEY_VERSION: 'k/cryptoKeyVersions/1',
  }
  const files = { '.deploy/image': `${IMAGE}@${DIGEST}\n` }
  const sign: Row = { asked: '^gcloud beta container binauthz attestations sign-and-create ' }

  const first = ran('sign-image.sh', [{ asked: 'attestations list', says: '' }, sign], { variables, files })
  const again = ran('sign-image.sh', [{ asked: 'attestations list', says: 'a1\n' }], { variables, files })

  assert.equal(first.exit, 0, first.said)
  assert.match(first.calls[1] ?? '', new RegExp(`--artifact-url=${IMAGE}@${DIGEST} --keyversion=k/`))
  assert.equal(again.exit, 0, again.said)
})

test('where Binary Authorization is off nothing is signed', () => {
  assert.deepEqual(ran('sign-image.sh', []).calls, [])
})

const PLANNED: readonly Row[] = [
  { asked: '^terraform -chdir=[^ ]+ init ', writes: { [`${STACK}/.terraform.lock.hcl`]: 'locks' } },
  { asked: '^terraform -chdir=[^ ]+ plan ', writes: { '.deploy/plan': 'the plan' } },
]
const FOUND = { '.deploy/image': `${IMAGE}@${DIGEST}\n`, '.deploy/stable-revision': 'gatehouse-00007-abc\n' }

test('what is planned is the image by digest, with no share of the traffic', () => {
  const { exit, said, left, settings } = ran('plan.sh', PLANNED, { files: FOUND })

  assert.equal(exit, 0, said)
  assert.deepEqual(settings.service.canary, { percent: 0, stableRevision: 'gatehouse-00007-abc' })
  const { resource } = JSON.parse(left['cdk.tf.json'] ?? '{}')
  const [service] = Object.values<Record<string, unknown>>(resource.google_cloud_run_v2_service)
  assert.match(JSON.stringify(service?.['template']), new RegExp(`${IMAGE}@${DIGEST}`))
  assert.deepEqual(service?.['traffic'], [
    { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: 'gatehouse-00007-abc', percent: 100 },
    { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 0, tag: 'canary' },
  ])
  assert.equal(left['plan'], 'the plan')
  assert.equal(left['terraform.lock.hcl'], 'locks')
})

test('the first deployment has no canary', () => {
  const { exit, said, settings } = ran('plan.sh', PLANNED, {
    files: { ...FOUND, '.deploy/stable-revision': '' },
  })

  assert.equal(exit, 0, said)
  assert.equal(settings.service.canary, undefined)
})

test('a pinned revision stops a release until somebody removes it', () => {
  using rig = new PipelineRig(PLANNED)
  const file = 'infra/environments/prod.yaml'
  rig.write({
    ...FOUND,
    [file]: rig.read(file).replace(/^service:$/m, 'service:\n  pinnedRevision: gatehouse-00006-xyz'),
  })

  const { exit, said, calls } = rig.run('infra/pipeline/plan.sh', { variables: VARIABLES })

  assert.equal(exit, 1)
  assert.match(said, /pinnedRevision/)
  assert.deepEqual(calls, [])
})

test('the plan and all it was made from is kept under the commit', () => {
  const { calls } = ran('keep-plan.sh', [{ asked: '^gcloud storage cp ' }], { files: FOUND })

  assert.deepEqual(calls, [
    `gcloud storage cp plan cdk.tf.json terraform.lock.hcl image stable-revision gs://p1-state/gatehouse/prod/plans/${COMMIT}/`,
  ])
})

test('in the other mode no step of a plan does anything', () => {
  for (const script of [
    'resolve-image.sh',
    'sign-image.sh',
    'stable-revision.sh',
    'plan.sh',
    'keep-plan.sh',
  ]) {
    const { exit, calls } = ran(script, [], { variables: { MODE: 'apply', ATTESTOR: 'a' } })

    assert.deepEqual({ exit, calls }, { exit: 0, calls: [] }, script)
  }
})

test('a share of the traffic is a whole percentage below a hundred, and of a named revision', () => {
  for (const percent of ['100', '-1', '1.5', 'all', '']) {
    const { exit, calls } = ran('synth.sh', [], { files: FOUND, args: [percent] })

    assert.deepEqual({ exit, calls }, { exit: 2, calls: [] }, percent)
  }
})
