import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxTokensOf } from '../../app/inference/max-tokens.ts'
import { scan } from '../support/scanned.ts'

/** What a body says that comes in chunks of `bytes`. */
function maxTokens(text: string, bytes = 7): number | null {
  const whole = Buffer.from(text)
  const scanned = scan(whole)
  assert.equal(scanned.kind, 'object', text)
  if (scanned.kind !== 'object') return null
  const chunks: Buffer[] = []
  for (let at = 0; at < whole.length; at += bytes) chunks.push(whole.subarray(at, at + bytes))
  return maxTokensOf({ ...scanned, chunks, length: whole.length })
}

test('max_tokens is read where it stands, however its number is written', () => {
  const texts = [
    '{"model":"a","max_tokens":4096}',
    '{"max\\u005ftokens" : 4096 ,"messages":[{"max_tokens":1}]}',
    '{"max_tokens":4.096e3}',
  ]

  for (const text of texts) assert.equal(maxTokens(text), 4096, text)
})

test('a max_tokens that is missing, no number of tokens, or there twice says nothing', () => {
  const texts = [
    '{"model":"a","x":{"max_tokens":5}}',
    ...['"5"', 'null', '[5]', '0', '-5', '5.5', '1e400', `${'1'.repeat(40)}`].map(
      value => `{"max_tokens":${value}}`,
    ),
    '{"max_tokens":1,"max_tokens":64000}',
  ]

  for (const text of texts) assert.equal(maxTokens(text), null, text)
})
