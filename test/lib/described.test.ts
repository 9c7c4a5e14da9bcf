import assert from 'node:assert/strict'
import { test } from 'node:test'
import { described } from '../../app/lib/described.ts'

test('an error is told with its place and its causes, and without the credentials in their texts', () => {
  const cause = new Error('connect to postgres://gateway:pass-word@db failed')
  const text = described(new Error('no store for Bearer abc.def', { cause }))

  assert.match(text, /^Error: no store for \[masked\]\n +at .*described\.test\.ts/)
  assert.match(text, /\ncaused by Error: connect to postgres:\/\/\[masked\]@db failed\n/)
})

test('what is thrown and is no error is told as text, and what has no end is cut', () => {
  const endless = new Error('again')
  endless.cause = endless

  assert.equal(described('a word'), 'a word')
  assert.equal(described(endless).split('caused by').length, 4)
  assert.equal(described(new Error('x'.repeat(3_000))).length, 2_048)
})
