// The text of a stack follows from its files: no clock, network, chance, machine or person has a part in it (G-3, G-75).
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { ENVIRONMENTS } from '../support/shipped-environments.ts'
import { synthesizeApart } from '../support/synth-process.ts'

const PRELOAD = join(import.meta.dirname, '../support/poisoned-world.js')

/** Two machines that differ in all that a program can ask for. */
const WORLDS = [
  { POISON: '1', TZ: 'UTC', LANG: 'C', HOME: '/nowhere', USER: 'ada' },
  { POISON: '987654', TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', HOME: '/elsewhere', USER: 'grace' },
] as const

/** What two libraries inside cdktf ask for when they are loaded, for markers and for a throttle. */
const AT_LOAD = ['Date.now by lodash', 'Math.random by brace-expansion']

for (const env of ENVIRONMENTS) {
  test(`${env}: wherever and whenever it is synthesized, the text is the same`, async () => {
    const [here, there] = await Promise.all(
      WORLDS.map(variables => synthesizeApart(env, { preload: PRELOAD, variables })),
    )

    assert.deepEqual([here?.code, here?.said], [0, AT_LOAD])
    assert.deepEqual([there?.code, there?.said], [0, AT_LOAD])
    assert.equal(here?.text, there?.text)
    assert.notEqual(here?.text, '')
  })
}
