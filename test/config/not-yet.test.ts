// What the manual describes and this release does not do yet is refused, never ignored.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileWith, judge } from '../support/config-text.ts'

function refusals(changes: Record<string, string>): string[] {
  const result = judge(fileWith(changes))
  return result.kind === 'refused' ? result.problems.map(({ path, text }) => `${path}: ${text}`) : []
}

test('a section whose feature comes later is refused by name', () => {
  assert.deepEqual(
    refusals({
      admin: 'admin: {}',
      enforcement: 'enforcement: {}',
    }),
    [
      'admin: not supported yet: spend limits and the Admin API.',
      'enforcement: not supported yet: enforcing spend limits.',
    ],
  )
})

test('keys of gatehouse whose feature comes later are refused', () => {
  for (const spend of ['{}', '{ reserve: false }', '{ regional_premium: true, reserve: false }'])
    assert.deepEqual(refusals({ gatehouse: `gatehouse: { spend: ${spend} }` }), [
      'gatehouse.spend: not supported yet: recording spend.',
    ])
  assert.deepEqual(refusals({ gatehouse: 'gatehouse: { spend: { regional_premium: true } }' }), [])
})
