// Which of Google's APIs are switched on: those that the stack or the gateway uses, and no other (G-12).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { switchedOn, usedApis } from '../support/facts/apis.ts'
import { shipped } from '../support/shipped-environments.ts'

/** What the gateway calls while it runs; no resource of the stack belongs to them. */
const AT_RUN_TIME = ['admin', 'aiplatform', 'cloudidentity', 'iamcredentials']

test('every API that is switched on is used, by the stack or by the gateway while it runs', () => {
  const production = JSON.parse(shipped('prod').text)

  assert.deepEqual(switchedOn(production), [...usedApis(production), ...AT_RUN_TIME].sort())
})
