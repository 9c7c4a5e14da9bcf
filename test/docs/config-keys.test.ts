import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { HELP } from '../../app/config/arguments.ts'
import { SECTIONS } from '../../app/config/config.ts'
import { exampleFor } from '../../app/config/examples.ts'
import { schemaKeys } from '../support/schema-keys.ts'

const manual = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const code = readFileSync(new URL('../../app/config/environment.ts', import.meta.url), 'utf8')
const keys = Object.entries(SECTIONS).flatMap(([name, schema]) => schemaKeys(schema, name))

/** The key of every row of the manual's tables of keys. */
const documented = [...manual.matchAll(/^\| `([a-z_]+(?:\[\])?(?:\.[a-z_]+(?:\[\])?)*)` \|/gm)].map(
  ([, key]) => key ?? '',
)

test('docs/configuration.md has a row for every key, and for no other', () => {
  const rows = documented.filter(key => key.includes('.') || key === 'auto_include_builtin_models')

  assert.deepEqual(rows.toSorted(), keys.toSorted())
})

test('docs/configuration.md names every environment variable that is read, and no other', () => {
  const read = new Set([...code.matchAll(/'([A-Z][A-Z_]{3,})'/g)].map(([, name]) => name))
  const section = manual.slice(
    manual.indexOf('## Environment variables'),
    manual.indexOf('## Secrets and references'),
  )
  const rows = section.split('\n').filter(line => line.startsWith('| `'))
  const named = rows.flatMap(row =>
    [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
  )

  for (const name of ['NO_PROXY']) read.add(name) // its name is derived from the lower-case form
  const byNode = 'NODE_EXTRA_CA_CERTS' // read by Node.js itself
  assert.deepEqual(named.filter(name => name !== byNode).toSorted(), [...read].toSorted())
})

test('docs/configuration.md names every option of the command line', () => {
  for (const [option] of HELP.matchAll(/--[a-z-]+/g)) assert.ok(manual.includes(option), option)
})

test('every required key has an example line to write', () => {
  const required = documented.filter(key =>
    new RegExp(`^\\| \`${RegExp.escape(key)}\` \\| [^|]+ \\| R`, 'm').test(manual),
  )

  for (const key of required) {
    const path = key.split('.').flatMap(part => (part.endsWith('[]') ? [part.slice(0, -2), 0] : [part]))
    assert.ok(exampleFor(path) !== undefined, key)
  }
})
