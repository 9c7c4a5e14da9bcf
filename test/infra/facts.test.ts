// What holds in every environment, whatever its settings, and that all of its arguments are the provider's (G-76, G-77).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentMatrix } from '../support/environment-matrix.ts'
import { FACTS } from '../support/facts/facts.ts'
import { referenceFindings } from '../support/terraform/references.ts'
import { schemaFindings } from '../support/terraform/schema-check.ts'
import { type StackJson, spelled } from '../support/terraform/stack-json.ts'
import { stackSchema } from '../support/terraform/stack-schema.ts'

const matrix = environmentMatrix().map(({ title, environment }) => ({
  ...{ title, stack: JSON.parse(environment.text) as StackJson }, // as it was synthesized
}))
const schema = stackSchema(...matrix.map(({ stack }) => stack))

for (const { title, stack } of matrix) {
  test(`${title}: every argument is one of the provider’s, and of its type`, () => {
    assert.deepEqual(schemaFindings(stack, schema).map(spelled), [])
  })

  test(`${title}: what is referred to is there, and nothing waits for itself`, () => {
    assert.deepEqual(referenceFindings(stack, schema).map(spelled), [])
  })
}

for (const { sentence, broken } of FACTS) {
  test(sentence, () => {
    const exceptions = matrix.flatMap(({ title, stack }) => broken(stack).map(text => `${title}: ${text}`))

    assert.deepEqual(exceptions, [])
  })
}
