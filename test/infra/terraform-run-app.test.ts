// The test environment under Google's own name: made, found unchanged, and gone (G-79).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shipped } from '../support/shipped-environments.ts'
import { terraformIsMissing } from '../support/terraform/program.ts'
import { begunTooEarly, resourcesOf } from '../support/terraform/proof.ts'
import { googleSchema } from '../support/terraform/stack-schema.ts'
import { Workspace } from '../support/terraform/workspace.ts'

const missing = terraformIsMissing()

test('an environment without a load balancer is made and destroyed whole', {
  skip: missing ?? false,
}, async () => {
  const { text } = shipped('dev')
  const stack = JSON.parse(text)
  await using workspace = await Workspace.open(googleSchema(stack))
  workspace.write(text)

  const { code, stdout } = await workspace.init()
  assert.equal(code, 0)
  assert.match(stdout, /Installed hashicorp\/google v6\.50\.0/)
  assert.deepEqual(await workspace.validate(), [])
  const { changes } = await workspace.plan()
  assert.deepEqual(Object.keys(changes).sort(), resourcesOf(stack))
  assert.deepEqual(begunTooEarly(stack, await workspace.apply()), [])
  assert.deepEqual(await workspace.plan(), { changes: {}, isEmpty: true })
  assert.equal((await workspace.destroy()).code, 0)
  assert.deepEqual(JSON.parse(workspace.state()).resources, [])
})
