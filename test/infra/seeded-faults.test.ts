// Each check is shown to fail: a fault is put into production, and everything that finds it is named (G-82).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FACTS } from '../support/facts/facts.ts'
import { ARGUMENT_FAULTS } from '../support/faults/argument-faults.ts'
import { seeded } from '../support/faults/fault.ts'
import { NETWORK_FAULTS } from '../support/faults/network-faults.ts'
import { TRUST_FAULTS } from '../support/faults/trust-faults.ts'
import { shipped } from '../support/shipped-environments.ts'
import { referenceFindings } from '../support/terraform/references.ts'
import { schemaFindings } from '../support/terraform/schema-check.ts'
import { type StackJson, spelled } from '../support/terraform/stack-json.ts'
import { stackSchema } from '../support/terraform/stack-schema.ts'

const production: StackJson = JSON.parse(shipped('prod').text)
// The types of some faults are not those of the stack.
const more: StackJson = {
  resource: { google_project_iam_binding: {}, google_cloud_run_v2_service_iam_member: {} },
}
const schema = stackSchema(production, more)

interface Found {
  readonly check: string
  readonly text: string
}

/** What all checks find in a stack. */
function findings(stack: StackJson): Found[] {
  return [
    ...schemaFindings(stack, schema).map(finding => ({ check: 'schema', text: spelled(finding) })),
    ...referenceFindings(stack, schema).map(finding => ({ check: 'references', text: spelled(finding) })),
    ...FACTS.flatMap(({ sentence, broken }) => broken(stack).map(text => ({ check: sentence, text }))),
  ]
}

test('without a fault nothing is found', () => {
  assert.deepEqual(findings(production), [])
})

for (const fault of [...ARGUMENT_FAULTS, ...NETWORK_FAULTS, ...TRUST_FAULTS]) {
  const { title, foundBy, says } = fault

  test(`${title}: found by “${foundBy.join('” and “')}”`, () => {
    const found = findings(seeded(production, fault))

    assert.deepEqual([...new Set(found.map(({ check }) => check))], foundBy)
    assert.equal(found[0]?.text, says)
  })
}

test('every check finds at least one of the faults', () => {
  const used = new Set(
    [...ARGUMENT_FAULTS, ...NETWORK_FAULTS, ...TRUST_FAULTS].flatMap(({ foundBy }) => foundBy),
  )

  const idle = FACTS.map(({ sentence }) => sentence).filter(sentence => !used.has(sentence))
  assert.deepEqual(idle, [])
})
