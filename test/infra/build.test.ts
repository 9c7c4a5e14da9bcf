// Where images are kept, what starts a build, and which images may start (G-48 to G-52).
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BinaryAuthorization } from '../../infra/binary-authorization.ts'
import { Build, type BuildProps } from '../../infra/build.ts'
import { ProjectService } from '../../infra/google.ts'
import { Registry } from '../../infra/registry.ts'
import { PLACE } from '../support/infra-props.ts'
import { type Block, synthesized } from '../support/synthesized.ts'

const BUILDER = 'gatehouse-build@p1.iam.gserviceaccount.com'
const DEPLOYER = 'gatehouse-deploy@p1.iam.gserviceaccount.com'
const REPOSITORY = 'projects/p1/locations/us-east5/connections/github/repositories/gatehouse'

let image = ''
const registry = synthesized(scope => {
  const artifactregistry = new ProjectService(scope, 'api', { service: 'artifactregistry.googleapis.com' })
  image = new Registry(scope, 'registry', { ...PLACE, buildAccount: BUILDER, artifactregistry }).image
})

function buildWith(changes: Partial<BuildProps> = {}) {
  return synthesized(scope => {
    new Build(scope, 'build', {
      ...{ ...PLACE, env: 'prod', repository: REPOSITORY, branch: '^main$' },
      ...{
        buildAccount: BUILDER,
        deployAccount: DEPLOYER,
        image: 'us-east5-docker.pkg.dev/p1/gatehouse/gatehouse',
      },
      ...{ ingredients: 'projects/p1/locations/us-east5/repositories/gatehouse-sbom' },
      ...{ stateBucket: 'p1-state', statePrefix: 'gatehouse/prod' },
      cloudbuild: new ProjectService(scope, 'api', { service: 'cloudbuild.googleapis.com' }),
      ...changes,
    })
  })
}

const build = buildWith()
const trigger = (name: string) => build.named('google_cloudbuild_trigger', name)

test('a tag never moves to another image', () => {
  const images = registry.all('google_artifact_registry_repository').find(({ format }) => format === 'DOCKER')

  assert.deepEqual(images?.['docker_config'], { immutable_tags: true })
  assert.deepEqual(images?.['vulnerability_scanning_config'], { enablement_config: 'INHERITED' })
  assert.match(image, /^us-east5-docker\.pkg\.dev\/p1\/\$\{.+\}\/gatehouse$|^us-east5-docker\.pkg\.dev\/p1\//)
})

test('ten images and all releases are kept; what has no tag goes after thirty days', () => {
  const images = registry.all('google_artifact_registry_repository').find(({ format }) => format === 'DOCKER')

  assert.deepEqual(images?.['cleanup_policies'], [
    { id: 'keep-recent', action: 'KEEP', most_recent_versions: { keep_count: 10 } },
    { id: 'keep-releases', action: 'KEEP', condition: { tag_state: 'TAGGED', tag_prefixes: ['v'] } },
    { id: 'delete-untagged', action: 'DELETE', condition: { tag_state: 'UNTAGGED', older_than: '2592000s' } },
  ])
})

test('the account that builds may write to these repositories, and has no right on the project', () => {
  const members = registry.all('google_artifact_registry_repository_iam_member')

  assert.deepEqual(
    members.map(({ role, member }) => ({ role, member })),
    Array.from({ length: 2 }, () => ({
      ...{ role: 'roles/artifactregistry.writer', member: `serviceAccount:${BUILDER}` },
    })),
  )
  assert.deepEqual(registry.all('google_project_iam_member'), [])
})

test('a push to the branch builds, as the account that may build, when a file of the image or the stack changed', () => {
  assert.partialDeepStrictEqual(trigger('gatehouse-build'), {
    ...{ filename: 'cloudbuild.yaml', location: 'us-east5' },
    service_account: `projects/p1/serviceAccounts/${BUILDER}`,
    repository_event_config: { repository: REPOSITORY, push: { branch: '^main$' } },
  })
  const root = join(import.meta.dirname, '../..')
  for (const pattern of trigger('gatehouse-build')['included_files'] as string[]) {
    assert.notEqual(globSync(pattern, { cwd: root }).length, 0, `${pattern} matches nothing`)
  }
})

test('a tag plans, and applies once somebody approved, as the account that may deploy', () => {
  for (const mode of ['plan', 'apply']) {
    assert.partialDeepStrictEqual(trigger(`gatehouse-${mode}`), {
      filename: 'infra/cloudbuild.deploy.yaml',
      service_account: `projects/p1/serviceAccounts/${DEPLOYER}`,
      repository_event_config: { repository: REPOSITORY, push: { tag: '^v' } },
      substitutions: { _MODE: mode, _ENV: 'prod', _PLANS: 'gs://p1-state/gatehouse/prod/plans' },
    })
  }
  assert.deepEqual(trigger('gatehouse-apply')['approval_config'], { approval_required: true })
  assert.ok(!('approval_config' in trigger('gatehouse-plan')))
})

test('without Binary Authorization nothing is signed', () => {
  const { substitutions } = buildWith({ attestation: { attestor: 'a', keyVersion: 'k' } }).named(
    ...(['google_cloudbuild_trigger', 'gatehouse-plan'] as const),
  )

  assert.partialDeepStrictEqual(substitutions, { _ATTESTOR: 'a', _KEY_VERSION: 'k' })
  assert.ok(!('_ATTESTOR' in (trigger('gatehouse-plan')['substitutions'] as Block)))
})

function authorization(mode: 'dry-run' | 'enforce') {
  return synthesized(
    scope => new BinaryAuthorization(scope, 'attestation', { ...PLACE, mode, signer: DEPLOYER, apis: [] }),
  )
}

test('only what the pipeline signed starts; a dry run only writes what it would have refused', () => {
  const rule = (mode: 'dry-run' | 'enforce') =>
    authorization(mode).one('google_binary_authorization_policy')['default_admission_rule'] as Block

  assert.equal(rule('enforce')['evaluation_mode'], 'REQUIRE_ATTESTATION')
  assert.equal(rule('enforce')['enforcement_mode'], 'ENFORCED_BLOCK_AND_AUDIT_LOG')
  assert.equal(rule('dry-run')['enforcement_mode'], 'DRYRUN_AUDIT_LOG_ONLY')
  assert.equal((rule('enforce')['require_attestations_by'] as string[]).length, 1)
})

test('the key signs and never leaves Google; one account may use it', () => {
  const stack = authorization('enforce')

  assert.partialDeepStrictEqual(stack.one('google_kms_crypto_key'), {
    ...{ purpose: 'ASYMMETRIC_SIGN', version_template: { algorithm: 'EC_SIGN_P256_SHA256' } },
  })
  const grants = stack.types.filter(type => type.endsWith('_iam_member')).map(type => stack.one(type))
  assert.deepEqual(new Set(grants.map(({ member }) => member)), new Set([`serviceAccount:${DEPLOYER}`]))
  assert.deepEqual(grants.map(({ role }) => role).sort(), [
    ...['roles/binaryauthorization.attestorsViewer', 'roles/cloudkms.signerVerifier'],
    ...['roles/containeranalysis.notes.attacher', 'roles/containeranalysis.occurrences.editor'],
  ])
})
