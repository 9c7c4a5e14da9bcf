// The text of a stack follows from its files: no clock, network, chance, machine or person has a part in it (G-3, G-75).
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { ENVIRONMENTS } from '../support/shipped-environments.ts'
import { synthesizeApart } from '../support/synth-process.ts'

const PRELOAD = join(import.meta.dirname, '../support/poisoned-world.js')

/** Two machines that differ in all that a program can ask for. */
const HERE = { POISON: '1', TZ: 'UTC', LANG: 'C', HOME: '/nowhere', USER: 'ada' }
const THERE = {
  ...{ POISON: '987654', TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', HOME: '/elsewhere', USER: 'grace' },
}

/** What two libraries inside cdktf ask for when they are loaded, for markers and for a throttle. */
const AT_LOAD = ['Date.now by lodash', 'Math.random by brace-expansion']

for (const env of ENVIRONMENTS) {
  test(`${env}: wherever and whenever it is synthesized, the text is the same`, async () => {
    const [here, there] = await Promise.all([
      synthesizeApart(env, { preload: PRELOAD, variables: HERE }),
      synthesizeApart(env, { preload: PRELOAD, variables: THERE }),
    ])

    assert.equal(here.code, 0, here.said.join('\n'))
    assert.deepEqual(here, there)
    assert.deepEqual(
      here.said.filter(line => !line.startsWith('warning: ')),
      AT_LOAD,
    )
  })
}
