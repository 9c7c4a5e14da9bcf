import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Session } from '../../app/session/token.ts'
import { createVerifiedTokens } from '../../app/session/verified-tokens.ts'

function sessionOf(digest: string): Session {
  return { identity: { sub: 'u' }, sid: null, iat: 0, exp: 1, digest }
}

test('the least recently used bearer is forgotten beyond the number of entries', () => {
  const verified = createVerifiedTokens({ maxEntries: 2 })
  for (const digest of ['a', 'b']) verified.add(digest, sessionOf(digest), 100)
  verified.get('a')

  verified.add('c', sessionOf('c'), 100)

  assert.deepEqual(
    ['a', 'b', 'c'].map(digest => verified.get(digest)?.digest),
    ['a', undefined, 'c'],
  )
})

test('bearers are forgotten beyond the number of bytes, and come back within it', () => {
  const verified = createVerifiedTokens({ maxBytes: 64 * 1024 })
  for (let index = 0; index < 1000; index += 1) verified.add(`${index}`, sessionOf(`${index}`), 7 * 1024)
  const held = verified.size

  verified.add('999', sessionOf('999'), 7 * 1024)

  assert.deepEqual([held, verified.size, verified.get('999')?.digest], [8, 8, '999'])
})

test('a token larger than the whole memory is not kept', () => {
  const verified = createVerifiedTokens({ maxBytes: 1024 })

  verified.add('huge', sessionOf('huge'), 4096)

  assert.equal(verified.size, 0)
})
