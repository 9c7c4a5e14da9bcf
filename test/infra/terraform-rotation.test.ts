// A key that signs bearers is rotated, and gateway.yaml changes, by the real Terraform (G-30, G-60, G-79).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shipped } from '../support/shipped-environments.ts'
import { terraformIsMissing } from '../support/terraform/program.ts'
import { writeOnlyIn } from '../support/terraform/proof.ts'
import { googleSchema } from '../support/terraform/stack-schema.ts'
import { Workspace } from '../support/terraform/workspace.ts'

const missing = terraformIsMissing()
const VERSION = 'google_secret_manager_secret_version'

function withGenerations(generations: readonly number[], passwordGeneration = 1): string {
  const { text } = shipped('minimal', 'complete', {
    ...{ secrets: { jwt: { generations } }, database: { passwordGeneration }, deletionProtection: false },
  })
  return text
}

/** The text of gateway.yaml names the generations: a new one is written, and whoever mounts it follows in place. */
const FOLLOWING = {
  [`${VERSION}.secrets_config-text`]: 'replace',
  'google_cloud_run_v2_job.doctor_command_job': 'update',
  'google_cloud_run_v2_service.service_service': 'update',
}

test('the smallest environment, through a rotation', { skip: missing ?? false }, async t => {
  const first = withGenerations([1])
  await using workspace = await Workspace.open(googleSchema(JSON.parse(first)))
  workspace.write(first)
  assert.equal((await workspace.init()).code, 0)

  await t.test('it is made by one apply, after which there is nothing to do', async () => {
    assert.deepEqual(await workspace.validate(), [])
    assert.equal((await workspace.plan()).isEmpty, false)
    await workspace.apply()

    assert.deepEqual(await workspace.plan(), { changes: {}, isEmpty: true })
  })

  await t.test('a second generation is one more version, and the service is updated in place', async () => {
    workspace.write(withGenerations([2, 1]))
    const { changes } = await workspace.plan()

    assert.deepEqual(changes, { ...FOLLOWING, [`${VERSION}.secrets_jwt-g2`]: 'create' })
    const before = workspace.google.handed.length
    const log = await workspace.apply()
    assert.deepEqual(handedSince(workspace, before), ['rendered', 'generated'])
    assert.ok(
      log.indexOf('+google_cloud_run_v2_service.service_service') > log.indexOf(`=${VERSION}.secrets_jwt-g2`),
    )
  })

  await t.test('dropping the first removes its version, and nothing else', async () => {
    workspace.write(withGenerations([2]))
    const { changes } = await workspace.plan()

    assert.deepEqual(changes, { ...FOLLOWING, [`${VERSION}.secrets_jwt-g1`]: 'delete' })
    await workspace.apply()
    assert.deepEqual(
      writeOnlyIn(workspace.state()).filter(value => value !== null),
      [],
    )
  })

  await t.test('the old text of gateway.yaml goes only after the service has left it', async () => {
    workspace.write(first)
    await workspace.plan()

    const log = await workspace.apply()

    const [made, ...removed] = log.flatMap((entry, index) =>
      entry === `=${VERSION}.secrets_config-text` ? [index] : [],
    )
    const served = log.indexOf('=google_cloud_run_v2_service.service_service')
    assert.ok(made !== undefined && made < served)
    assert.ok(removed.length === 1 && removed.every(index => index > served))
  })

  await t.test(
    'a new password of the database reaches user and secret in one apply, as one value',
    async () => {
      workspace.write(withGenerations([1], 2))
      const before = workspace.google.handed.length
      const { changes } = await workspace.plan()

      assert.deepEqual(changes, {
        [`${VERSION}.secrets_db-bootstrap-value`]: 'replace',
        'google_cloud_run_v2_job.grants_command_job': 'update',
        'google_sql_user.database_bootstrap-user': 'update',
      })
      await workspace.apply()
      const handed = workspace.google.handed.slice(before)
      assert.deepEqual(handed.map(({ type }) => type).sort(), [VERSION, 'google_sql_user'])
      assert.equal(handed[0]?.value, handed[1]?.value)
    },
  )

  await t.test('in the end nothing is left', async () => {
    assert.equal((await workspace.destroy()).code, 0)
    assert.deepEqual(JSON.parse(workspace.state()).resources, [])
  })
})

/** What each write-only argument of the last apply held. */
function handedSince(workspace: Workspace, before: number): string[] {
  return workspace.google.handed
    .slice(before)
    .map(({ value }) => (String(value).startsWith('# Rendered') ? 'rendered' : 'generated'))
    .sort((left, right) => right.localeCompare(left))
}
