// Production from nothing to gone, by the real Terraform and a provider that makes nothing (G-59, G-63, G-79).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shipped } from '../support/shipped-environments.ts'
import { terraformIsMissing } from '../support/terraform/program.ts'
import { begunTooEarly, resourcesOf, writeOnlyIn } from '../support/terraform/proof.ts'
import { googleSchema } from '../support/terraform/stack-schema.ts'
import { Workspace } from '../support/terraform/workspace.ts'

const missing = terraformIsMissing()
/** What the provider here gives for a random password, another on each run. */
const GENERATED = /ephemeral-\d+-result/
const [foundation, database, complete] = ['foundation', 'database', 'complete'].map(phase => {
  const { text } = shipped('prod', phase)
  return { phase, text, json: JSON.parse(text) }
})

test('production, phase by phase', { skip: missing ?? false }, async t => {
  await using workspace = await Workspace.open(googleSchema(complete?.json))
  const made: string[] = []

  for (const stage of [foundation, database, complete]) {
    await t.test(`the phase ${stage?.phase} adds to what is there, and changes nothing of it`, async () => {
      workspace.write(stage?.text ?? '')
      if (stage === foundation) assert.equal((await workspace.init()).code, 0)
      assert.deepEqual(await workspace.validate(), [])

      const { changes } = await workspace.plan()

      const added = resourcesOf(stage?.json).filter(address => !made.includes(address))
      assert.deepEqual(changes, Object.fromEntries(added.map(address => [address, 'create'])))
      assert.doesNotMatch(await workspace.shownPlan(), GENERATED)
      made.push(...added)
      const log = (await workspace.apply()).filter(entry => !entry.slice(1).startsWith('data.'))
      assert.equal(log.length, 2 * added.length)
      assert.deepEqual(begunTooEarly(stage?.json, log), [])
    })
  }

  await t.test('a second plan finds nothing to do', async () => {
    assert.deepEqual(await workspace.plan(), { changes: {}, isEmpty: true })
  })
  await t.test('a generated password reaches all who share it, and is in no state', () => secrecy(workspace))
  await t.test('lifting the protection changes what was protected, in place', () => lift(workspace))
  await t.test('then nothing is left: the provider refuses to delete what is still protected', async () => {
    assert.equal((await workspace.destroy()).code, 0)
    assert.deepEqual(JSON.parse(workspace.state()).resources, [])
  })
})

function secrecy(workspace: Workspace): void {
  const generated = workspace.google.handed.filter(({ value }) => GENERATED.test(String(value)))

  assert.deepEqual(generated.map(({ type, argument }) => `${type} ${argument}`).sort(), [
    ...['google_secret_manager_secret_version secret_data_wo'], // signs the bearers
    ...['google_secret_manager_secret_version secret_data_wo', 'google_sql_user password_wo'],
  ])
  assert.equal(new Set(generated.map(({ value }) => value)).size, 2)
  const kept = writeOnlyIn(workspace.state())
  assert.ok(kept.length > generated.length)
  assert.deepEqual(
    kept.filter(value => value !== null),
    [],
  )
  assert.doesNotMatch(workspace.state(), GENERATED)
  assert.doesNotMatch(workspace.state(), /# Rendered from/)
}

async function lift(workspace: Workspace): Promise<void> {
  workspace.write(shipped('prod', 'complete', { deletionProtection: false }).text)

  const { changes } = await workspace.plan()

  const types = Object.keys(changes).map(address => address.split('.')[0])
  assert.deepEqual([...new Set(types)].sort(), [
    ...['google_cloud_run_v2_service', 'google_secret_manager_secret', 'google_sql_database_instance'],
  ])
  assert.deepEqual([...new Set(Object.values(changes))], ['update'])
  await workspace.apply()
}
