// infra/README.md lists every key of a settings file with its default, and the variables that are read.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { KEYS } from '../../infra/settings-schema.ts'
import { schemaDefaults } from '../support/schema-defaults.ts'

const readme = readFileSync(new URL('../../infra/README.md', import.meta.url), 'utf8')
const code = readFileSync(new URL('../../infra/settings.ts', import.meta.url), 'utf8')

test('the table of keys has a row for every key, with its default, in the order of the schema', () => {
  const rows = [...readme.matchAll(/^\| `([A-Za-z.]+)` \| (?:`([^`]+)`|(required|–)) \|/gm)].map(
    ([, key, value, absence]) => [key, value ?? absence],
  )

  const keys = Object.entries(KEYS).flatMap(([key, schema]) => schemaDefaults(schema, key))
  assert.deepEqual(rows, keys)
})

test('the variables that are read are the four that are documented', () => {
  const read = [...code.matchAll(/'(GATEHOUSE_[A-Z_]+)'/g)].map(([, name]) => name)
  const named = [...readme.matchAll(/`(GATEHOUSE_[A-Z_]+)`/g)].map(([, name]) => name)

  assert.deepEqual([...new Set(read)].sort(), [...new Set(named)].sort())
})
