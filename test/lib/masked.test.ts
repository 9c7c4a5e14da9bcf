import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasAwsNames, masked, withoutAwsNames, withoutEmails } from '../../app/lib/masked.ts'

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

test('keys of Bedrock’s own are masked', () => {
  assert.equal(masked('with bedrock-api-key-YmVkcm9jaw==, no'), 'with [masked], no')
  assert.equal(masked('ABSKQmVkcm9ja0FQSUtleS1hYmM= is old'), '[masked] is old')
})

test('ARNs, account numbers and ids of keys are masked, and no other numbers', () => {
  const text =
    'User: arn:aws-us-gov:sts::123456789012:assumed-role/r/s, key AKIAIOSFODNN7EXAMPLE of 123456789012'

  assert.equal(withoutAwsNames(text), 'User: [masked], key [masked] of [masked]')
  assert.equal(
    withoutAwsNames('1234567890123 tokens > 200000, 20260101'),
    '1234567890123 tokens > 200000, 20260101',
  )
  assert.deepEqual(['arn:aws:x', '123456789012', 'AKIA', 'arn', '1'].map(hasAwsNames), [
    true,
    true,
    false,
    false,
    false,
  ])
})
