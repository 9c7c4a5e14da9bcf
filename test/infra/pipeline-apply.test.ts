// A release is applied: the approved plan, then the traffic in shares, and back at the first fault (G-60, G-61).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readArguments } from '../../app/config/arguments.ts'
import { PipelineRig, type Ran, type Row } from '../support/pipeline-rig.ts'

const COMMIT = '0123456789abcdef0123456789abcdef01234567'
const IMAGE = `us-east5-docker.pkg.dev/p1/gatehouse/gatehouse@sha256:${'d'.repeat(64)}`
const STACK = 'cdktf.out/stacks/prod'
const STABLE = 'gatehouse-00007-abc'
const VARIABLES = {
  ...{
    MODE: 'apply',
    GATEHOUSE_ENV: 'prod',
    SERVICE: 'gatehouse',
    PROJECT: 'p1',
    REGION: 'us-east5',
    COMMIT,
  },
  ...{ PLANS: 'gs://p1-state/gatehouse/prod/plans', SOAK_SECONDS: '0' },
}
const FETCHED = {
  ...{ '.deploy/image': `${IMAGE}\n`, '.deploy/stable-revision': `${STABLE}\n`, '.deploy/plan': 'the plan' },
  ...{ '.deploy/cdk.tf.json': '{}', '.deploy/terraform.lock.hcl': 'locks' },
}

const terraform = (changes: unknown): Row[] => [
  { asked: '^terraform -chdir=[^ ]+ init ' },
  { asked: '^terraform -chdir=[^ ]+ plan ', writes: { '.deploy/shift': 'a plan' } },
  { asked: '^terraform -chdir=[^ ]+ show -json ', says: JSON.stringify({ resource_changes: changes }) },
  { asked: '^terraform -chdir=[^ ]+ apply ' },
]
const change = (type: string, before: object, after: object) => ({
  ...{ address: `${type}.x`, type, change: { actions: ['update'], before, after } },
})
const SHIFT = change(
  'google_cloud_run_v2_service',
  { name: 'g', traffic: [1], uri: 'u' },
  { name: 'g', traffic: [2] },
)
const UNTOUCHED = { address: 'a.b', type: 'a', change: { actions: ['no-op'], before: {}, after: {} } }

const ROLL_BACK: Row = { asked: `update-traffic gatehouse .*--to-revisions=${STABLE}=100$` }
const CLOUD: readonly Row[] = [
  { asked: 'describe .*status.traffic.url', says: `,\ncanary,https://canary---gatehouse-x.run.app\n` },
  { asked: 'describe .*latestReadyRevisionName', says: 'gatehouse-00008-new\n' },
  { asked: 'logging read .*gatehouse-00008-new', says: 'one\ntwo\n' },
  { asked: 'run jobs execute gatehouse-doctor .*--wait' },
  ROLL_BACK,
]

function ran(script: string, args: string[], rows: readonly Row[], files: Record<string, string> = FETCHED) {
  using rig = new PipelineRig(rows)
  rig.write(files)
  const outcome = rig.run(`infra/pipeline/${script}`, { args, variables: VARIABLES })
  return { ...outcome, isShifted: rig.has(`.deploy/shifted-${args[0]}`) }
}

const wentBack = ({ calls }: Pick<Ran, 'calls'>) => calls.some(call => new RegExp(ROLL_BACK.asked).test(call))
const isApplied = ({ calls }: Pick<Ran, 'calls'>) => calls.some(call => / apply /.test(call))

test('the plan of this commit is fetched whole, or not at all', () => {
  const whole = ran(
    'fetch-plan.sh',
    [],
    [{ asked: `^gcloud storage cp gs://p1-state/gatehouse/prod/plans/${COMMIT}/` }],
  )
  const none = ran('fetch-plan.sh', [], [{ asked: 'storage cp', exit: 1 }])

  assert.equal(whole.calls.length, 5)
  assert.equal(none.exit, 1)
  assert.match(none.said, /run the plan first/)
})

test('what is applied is the approved plan, with the providers it was made with', () => {
  const { exit, calls } = ran('apply-plan.sh', [], terraform([]))

  assert.equal(exit, 0)
  assert.match(calls[0] ?? '', / init -input=false -lockfile=readonly$/)
  assert.match(calls[1] ?? '', / apply -input=false \S+\/\.deploy\/plan$/)
  assert.equal(calls.length, 2)
})

test('the doctor asks the canary by its own name, before it has traffic', () => {
  const outcome = ran('smoke-test.sh', ['canary'], CLOUD)

  assert.equal(outcome.exit, 0, outcome.said)
  assert.ok(
    outcome.calls.includes(
      'gcloud run jobs execute gatehouse-doctor --project=p1 --region=us-east5 --wait --args=doctor,--config,/etc/claude/gateway.yaml,--json,--url,https://canary---gatehouse-x.run.app',
    ),
  )
  assert.ok(!wentBack(outcome))
})

test('the gateway’s own parser accepts what the doctor is asked', () => {
  const { calls } = ran('smoke-test.sh', ['canary'], CLOUD)

  const [, words = ''] = /--args=(\S+)$/.exec(calls.at(-1) ?? '') ?? []
  assert.partialDeepStrictEqual(readArguments(words.split(',')), {
    ...{ kind: 'doctor', url: 'https://canary---gatehouse-x.run.app', json: true },
  })
})

test('a tenth of the traffic is shifted by a plan that changes nothing else', () => {
  const outcome = ran('shift-traffic.sh', ['10'], terraform([UNTOUCHED, SHIFT]))

  assert.equal(outcome.exit, 0, outcome.said)
  assert.ok(outcome.isShifted && isApplied(outcome))
})

/** What the pipeline makes of a plan with these changes. */
function judged(changes: readonly unknown[]) {
  using rig = new PipelineRig([])
  rig.write({ 'plan.json': JSON.stringify({ resource_changes: changes }) })
  return rig.run('-c', { args: ['node infra/pipeline/only-traffic.ts plan.json'] })
}

test('what Google will compute is no change', () => {
  const before = { etag: 'e', template: [{ image: 'a', build: 'b' }], traffic: [1] }
  const shift = change('google_cloud_run_v2_service', before, { template: [{ image: 'a' }], traffic: [2] })

  assert.equal(judged([UNTOUCHED, shift]).exit, 0)
})

test('whatever is more than the traffic is seen', () => {
  const more = [
    change('google_sql_database_instance', { tier: 'a' }, { tier: 'b' }),
    change('google_cloud_run_v2_service', { ingress: 'a', traffic: [1] }, { ingress: 'b', traffic: [2] }),
    ...[[{ image: 'b' }], [{ image: null }], [], [{ image: 'a' }, { image: 'a' }]].map(template =>
      change('google_cloud_run_v2_service', { template: [{ image: 'a' }] }, { template }),
    ),
    { ...SHIFT, change: { ...SHIFT.change, actions: ['delete', 'create'] } },
    { ...UNTOUCHED, change: { actions: ['create'], before: null, after: {} } },
  ]

  for (const resource of more) {
    const { exit, said } = judged([SHIFT, resource])

    assert.equal(exit, 1, JSON.stringify(resource))
    assert.match(said, /more than its traffic/)
  }
})

test('a plan that would change more than the traffic is not applied', () => {
  const outcome = ran('shift-traffic.sh', ['10'], terraform([SHIFT, change('a', { b: 1 }, { b: 2 })]))

  assert.equal(outcome.exit, 1)
  assert.ok(!outcome.isShifted && !isApplied(outcome))
})

test('at a tenth the doctor asks again, and the release goes on', () => {
  const outcome = ran('smoke-test.sh', ['10'], CLOUD, { ...FETCHED, '.deploy/shifted-10': '' })

  assert.equal(outcome.exit, 0, outcome.said)
  assert.ok(!wentBack(outcome))
})

test('every fault brings all of the traffic back, says which revision to pin, and ends the release', () => {
  const shifted = { ...FETCHED, '.deploy/shifted-10': '' }
  const errors: Row = { asked: 'logging read', says: '1\n2\n3\n4\n5\n' }
  const faults: [string, readonly Row[], Record<string, string>][] = [
    ['the doctor found a fault', [{ asked: 'run jobs execute', exit: 1 }, ...CLOUD], shifted],
    ['answered with errors', [errors, ...CLOUD], shifted],
    ['the log cannot be read', [{ asked: 'logging read', exit: 1 }, ...CLOUD], shifted],
    ['no revision has the tag', [{ asked: 'traffic.url', says: ',\n' }, ...CLOUD], shifted],
    ['the traffic was not shifted', CLOUD, FETCHED],
  ]

  for (const [text, rows, files] of faults) {
    const outcome = ran('smoke-test.sh', ['10'], rows, files)

    assert.equal(outcome.exit, 1, text)
    assert.match(outcome.said, new RegExp(text))
    assert.match(outcome.said, new RegExp(`pinnedRevision: ${STABLE}`))
    assert.ok(wentBack(outcome), text)
  }
})

test('with all of the traffic the doctor asks at the public name, and may still send it back', () => {
  const shifted = { ...FETCHED, '.deploy/shifted-none': '' }

  const good = ran('smoke-test.sh', ['none'], CLOUD, shifted)
  const bad = ran('smoke-test.sh', ['none'], [{ asked: 'run jobs execute', exit: 1 }, ...CLOUD], shifted)

  assert.deepEqual(good.calls, [
    'gcloud run jobs execute gatehouse-doctor --project=p1 --region=us-east5 --wait --args=doctor,--config,/etc/claude/gateway.yaml,--json',
  ])
  assert.equal(bad.exit, 1)
  assert.ok(wentBack(bad))
})

test('the first deployment has nothing to shift and nothing to go back to', () => {
  const first = { ...FETCHED, '.deploy/stable-revision': '' }

  const shift = ran('shift-traffic.sh', ['10'], [], first)
  const bad = ran('smoke-test.sh', ['canary'], [{ asked: 'run jobs execute', exit: 1 }], first)

  assert.deepEqual({ exit: shift.exit, calls: shift.calls }, { exit: 0, calls: [] })
  assert.equal(bad.exit, 1)
  assert.match(bad.said, /no earlier revision/)
  assert.ok(!wentBack(bad))
})

test('the last shift drops the canary from the settings', () => {
  using rig = new PipelineRig(terraform([SHIFT]))
  rig.write(FETCHED)
  const shares = ['10', 'none'].map(share => {
    const { exit, said } = rig.run('infra/pipeline/shift-traffic.sh', { args: [share], variables: VARIABLES })
    assert.equal(exit, 0, said)
    const { resource } = JSON.parse(rig.read(`${STACK}/cdk.tf.json`))
    const [service] = Object.values<{ traffic: { percent: number }[] }>(resource.google_cloud_run_v2_service)
    return service?.traffic.map(({ percent }) => percent)
  })

  assert.deepEqual(shares, [[90, 10], [100]])
})

test('while a release is planned no step of the application does anything', () => {
  for (const script of ['fetch-plan.sh', 'apply-plan.sh', 'shift-traffic.sh', 'smoke-test.sh']) {
    using rig = new PipelineRig([])

    const { exit, calls } = rig.run(`infra/pipeline/${script}`, {
      args: ['10'],
      variables: { ...VARIABLES, MODE: 'plan' },
    })

    assert.deepEqual({ exit, calls }, { exit: 0, calls: [] }, script)
  }
})
