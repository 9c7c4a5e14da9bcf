// What a resource waits for is written so that Terraform can read it, and is there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ENVIRONMENTS, shipped } from '../support/shipped-environments.ts'

for (const env of ENVIRONMENTS) {
  test(`${env}: every resource waits for resources of the stack, by their plain addresses`, () => {
    const { resource, data = {} } = JSON.parse(shipped(env).text)
    const blocks: [string, Record<string, { depends_on?: string[] }>][] = Object.entries({
      ...resource,
      ...data,
    })
    const there = new Set(
      Object.entries(resource).flatMap(([type, named]) =>
        Object.keys(named as object).map(id => `${type}.${id}`),
      ),
    )

    const wrong = blocks.flatMap(([type, named]) =>
      Object.entries(named).flatMap(([id, { depends_on = [] }]) =>
        depends_on
          .filter(address => !there.has(address))
          .map(address => `${type}.${id} waits for ${address}`),
      ),
    )

    assert.deepEqual(wrong, [])
  })
}
