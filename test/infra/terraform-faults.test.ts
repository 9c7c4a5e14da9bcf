// What Terraform itself refuses of the seeded faults, and in which words (G-79, G-82).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ARGUMENT_FAULTS } from '../support/faults/argument-faults.ts'
import { seeded } from '../support/faults/fault.ts'
import { shipped } from '../support/shipped-environments.ts'
import { terraformIsMissing } from '../support/terraform/program.ts'
import { googleSchema } from '../support/terraform/stack-schema.ts'
import { Workspace } from '../support/terraform/workspace.ts'

const missing = terraformIsMissing()
const faults = ARGUMENT_FAULTS.filter(({ terraform }) => terraform !== undefined)

test('terraform validate', { skip: missing ?? false }, async t => {
  const { text } = shipped('prod')
  const production = JSON.parse(text)
  await using workspace = await Workspace.open(googleSchema(production))
  workspace.write(text)
  assert.equal((await workspace.init()).code, 0)
  assert.deepEqual(await workspace.validate(), [])

  for (const fault of faults) {
    await t.test(`${fault.title}: “${fault.terraform}”`, async () => {
      workspace.write(JSON.stringify(seeded(production, fault)))

      const complaints = await workspace.validate()

      assert.ok(complaints[0]?.startsWith(`${fault.terraform}:`), complaints.join('\n'))
    })
  }
})
