// Hashes of bodies that are signed: right whatever the chunks, and long ones in turns with everything else.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { bodyHash } from '../../app/inference/upstreams/body-hash.ts'
import { startBedrock } from '../support/bedrock.ts'
import { post } from '../support/relay-client.ts'

const KIB = 1024
const MIB = 1024 * KIB

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The bytes in chunks of that size, and their length. */
function bodyOf(bytes: Buffer, chunkBytes: number) {
  const chunks = []
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes))
  return { chunks, length: bytes.length }
}

test('a body of up to 512 KiB is hashed at once, whatever its chunks', () => {
  for (const length of [0, 1, 65_537, 512 * KIB]) {
    const bytes = randomBytes(length)
    for (const chunkBytes of [7001, 64 * KIB, MIB])
      assert.equal(bodyHash(bodyOf(bytes, chunkBytes)), sha256(bytes))
  }
})

test('a longer body has the same hash as it would have at once', async () => {
  for (const length of [512 * KIB + 1, MIB, 3 * MIB + 17]) {
    const bytes = randomBytes(length)
    for (const chunkBytes of [7001, 64 * KIB, MIB, 4 * MIB]) {
      const hash = bodyHash(bodyOf(bytes, chunkBytes))
      assert.ok(hash instanceof Promise)
      assert.equal(await hash, sha256(bytes))
    }
  }
})

test('while a body of 32 MiB is hashed, others have their turn every 512 KiB', async () => {
  const body = bodyOf(Buffer.alloc(32 * MIB, 'x'), 8 * MIB)
  let turns = 0
  let isOver = false
  const others = () => {
    turns += 1
    if (!isOver) setImmediate(others)
  }
  setImmediate(others)

  await bodyHash(body)

  isOver = true
  assert.ok(turns >= 63, `${turns} turns`)
})

test('Bedrock takes the signature of a request of 3 MB', async () => {
  await using rig = await startBedrock()
  const text = 'x'.repeat(3_000_000)
  const body = JSON.stringify({
    model: 'claude-test',
    max_tokens: 1,
    messages: [{ role: 'user', content: text }],
  })

  const { status } = await post(rig.port, { body })

  assert.equal(status, 200)
  assert.equal(rig.bedrock.requests[0]?.body.includes(text), true)
})
