import assert from 'node:assert/strict'
import { test } from 'node:test'
import { masked, withoutEmails } from '../../app/lib/masked.ts'

test('credentials are masked, whatever stands around them', () => {
  assert.equal(masked('a Bearer abc.def-1, b'), 'a [masked], b')
  assert.equal(masked('token ya29.a0AfB_by-x.1 expired'), 'token [masked] expired')
  assert.equal(masked('sk-ant-api03-abcdefgh and eyJhbGciOi.eyJzdWIi.c2ln'), '[masked] and [masked]')
})

test('addresses are masked, and ids of models with a date are none', () => {
  assert.equal(withoutEmails('for gateway@p-1.iam.gserviceaccount.com.'), 'for [masked].')
  assert.equal(withoutEmails('a.b+c@example.com, d@e'), '[masked], d@e')
  assert.equal(withoutEmails('claude-haiku-4-5@20251001 is gone'), 'claude-haiku-4-5@20251001 is gone')
})
