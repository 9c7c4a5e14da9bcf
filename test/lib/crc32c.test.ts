import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32c } from '../../app/lib/crc32c.ts'

test('the checksums of RFC 3720, section B.4', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i)

  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43)
  assert.equal(crc32c(ascending), 0x46dd794e)
  assert.equal(crc32c(ascending.toReversed()), 0x113fdb5c)
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  assert.equal(crc32c(new Uint8Array()), 0)
})
