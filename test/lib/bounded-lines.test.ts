import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { boundedLines } from '../../app/lib/bounded-lines.ts'

test('lines are read wherever they are cut, with either kind of line end, and one that is too long is left out', async () => {
  const text = 'one\r\n\ntwo ✓\nlonger than eight\nend'
  const bytes = Buffer.from(text)

  for (let size = 1; size <= bytes.length; size += 1) {
    const chunks: Buffer[] = []
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
    const lines = await Array.fromAsync(boundedLines(Readable.from(chunks), 8))

    assert.deepEqual(lines, ['one', '', 'two ✓', null, 'end'])
  }
})

test('a line break at the end begins no other line', async () => {
  assert.deepEqual(await Array.fromAsync(boundedLines(Readable.from([Buffer.from('a\n')]), 8)), ['a'])
})
