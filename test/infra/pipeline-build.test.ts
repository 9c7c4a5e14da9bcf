// What a push runs before anything is deployed: bases, image, list of ingredients, every environment (G-49).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PipelineRig, type Row } from '../support/pipeline-rig.ts'

const DIGEST = `node@sha256:${'1'.repeat(64)}`
const FROZEN = `gcr.io/distroless/cc-debian12@sha256:${'2'.repeat(64)}`
const VARIABLES = {
  ...{ BUILD_IMAGE: 'node:26.10.0-bookworm-slim', RUNTIME_IMAGE: FROZEN },
  ...{ IMAGE: 'us-east5-docker.pkg.dev/p1/gatehouse/gatehouse', COMMIT: 'abc' },
}
const REGISTRY: readonly Row[] = [
  { asked: '^docker pull --quiet --platform=linux/amd64 node:26', says: 'pulled\n' },
  { asked: '^docker inspect .*RepoDigests.* node:26', says: `${DIGEST}\n` },
]

test('a base that is given by tag is built from by digest, and one that is given by digest stays', () => {
  using rig = new PipelineRig(REGISTRY)

  const { exit, said } = rig.run('infra/pipeline/pin-bases.sh', { variables: VARIABLES })

  assert.equal(exit, 0, said)
  assert.equal(rig.read('.build/base-arguments'), `BUILD_IMAGE=${DIGEST}\nRUNTIME_IMAGE=${FROZEN}\n`)
})

test('a base without a digest is refused', () => {
  using rig = new PipelineRig([{ asked: '^docker pull ' }, { asked: '^docker inspect ', says: '\n' }])

  const { exit, said } = rig.run('infra/pipeline/pin-bases.sh', { variables: VARIABLES })

  assert.equal(exit, 1)
  assert.match(said, /no digest was found/)
  assert.ok(!rig.has('.build/base-arguments'))
})

test('the image is for amd64, from both digests, without the index that Cloud Run refuses', () => {
  using rig = new PipelineRig([{ asked: '^docker build ' }])
  rig.write({ '.build/base-arguments': `BUILD_IMAGE=${DIGEST}\nRUNTIME_IMAGE=${FROZEN}\n` })

  const { exit, said, calls } = rig.run('infra/pipeline/build-image.sh', { variables: VARIABLES })

  assert.equal(exit, 0, said)
  assert.deepEqual(calls, [
    `docker build --platform=linux/amd64 --provenance=false --build-arg=BUILD_IMAGE=${DIGEST} --build-arg=RUNTIME_IMAGE=${FROZEN} --tag=us-east5-docker.pkg.dev/p1/gatehouse/gatehouse:abc .`,
  ])
})

test('the list of ingredients is CycloneDX, of what the gateway loads and nothing else', () => {
  using rig = new PipelineRig([])

  const { exit, said } = rig.run('infra/pipeline/sbom.sh')

  assert.equal(exit, 0, said)
  const { bomFormat, components } = JSON.parse(rig.read('.build/sbom/gatehouse.cdx.json'))
  const names = components.map(({ name }: { name: string }) => name)
  assert.equal(bomFormat, 'CycloneDX')
  assert.ok(names.includes('fastify') && !names.includes('typescript'))
})

test('every environment of the repository is synthesized, by its own name', () => {
  using rig = new PipelineRig([])

  const { exit, said } = rig.run('infra/pipeline/synth-all.sh')

  assert.equal(exit, 0, said)
  for (const env of ['dev', 'minimal', 'prod']) {
    assert.match(said, new RegExp(`^synth ${env}$`, 'm'))
    assert.ok(rig.has(`cdktf.out/stacks/${env}/cdk.tf.json`), env)
  }
})

test('an environment that does not synthesize ends the build', () => {
  using rig = new PipelineRig([])
  rig.write({ 'infra/environments/broken.yaml': 'project: p\n' })

  assert.equal(rig.run('infra/pipeline/synth-all.sh').exit, 1)
})

test('Terraform is taken along from its own image, for the steps that have Node.js', () => {
  using rig = new PipelineRig([{ asked: '^terraform version$', says: 'Terraform v1.11.4\n' }])

  const { exit, said } = rig.run('infra/pipeline/take-terraform.sh')

  assert.equal(exit, 0, said)
  assert.ok(rig.has('.deploy/bin/terraform'))
})
