import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../../app/http/errors.ts'
import { createCapacity, defaultBufferedBytes } from '../../app/inference/capacity.ts'
import { recordLog } from '../support/recorded-log.ts'

const MIB = 1024 * 1024

function limited(limits: { maxConcurrent?: number; maxBufferedBytes?: number }) {
  const log = recordLog()
  const time = { now: 0, random: 0 }
  const capacity = createCapacity({
    maxConcurrent: limits.maxConcurrent ?? 1000,
    maxBufferedBytes: limits.maxBufferedBytes ?? 1000 * MIB,
    log,
    clock: () => time.now,
    random: () => time.random,
  })
  return { capacity, log, time }
}

function refusal(work: () => unknown): { code: string; status: number; message: string; headers: object } {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof Refusal)
    const { code, status, message, headers } = error
    return { code, status, message, headers }
  }
  throw new Error('nothing was refused')
}

test('a request beyond max_concurrent_inference is told to come back in one to five seconds', () => {
  const { capacity, time } = limited({ maxConcurrent: 2 })
  capacity.admit(10)
  capacity.admit(10)

  const waits = [0, 0.2, 0.5, 0.999].map(random => {
    time.random = random
    return refusal(() => capacity.admit(10))
  })

  assert.deepEqual(
    waits,
    ['1', '2', '3', '5'].map(seconds => ({
      code: 'saturated',
      status: 503,
      message: 'the gateway is at capacity',
      headers: { 'retry-after': seconds },
    })),
  )
  assert.deepEqual([capacity.open, capacity.bufferedBytes], [2, 20])
  assert.deepEqual(capacity.shed, { capacity: 4, memory: 0 })
})

test('a request that ends makes room for the next, once', () => {
  const { capacity } = limited({ maxConcurrent: 1 })
  const first = capacity.admit(10)

  first.end()
  first.end()
  capacity.admit(10)

  assert.equal(refusal(() => capacity.admit(10)).code, 'saturated')
  assert.deepEqual([capacity.open, capacity.bufferedBytes], [1, 10])
})

test('bytes are counted until the answer begins, and a request that would exceed them is refused', () => {
  const { capacity } = limited({ maxBufferedBytes: 100 })
  const first = capacity.admit(60)

  assert.equal(refusal(() => capacity.admit(41)).code, 'saturated')
  first.releaseBytes()
  first.releaseBytes()
  capacity.admit(100)

  assert.deepEqual([capacity.open, capacity.bufferedBytes], [2, 100])
})

test('a body that grows while it is decoded counts in full, or is refused', () => {
  const { capacity } = limited({ maxBufferedBytes: 100 })
  const ticket = capacity.admit(10)

  ticket.hold(90)
  ticket.hold(50)

  assert.equal(capacity.bufferedBytes, 90)
  assert.equal(refusal(() => ticket.hold(101)).code, 'saturated')
  ticket.end()
  ticket.hold(500)
  assert.equal(capacity.bufferedBytes, 0)
})

test('the operator is warned at 80 %, at most once a minute', () => {
  const { capacity, log, time } = limited({ maxConcurrent: 10 })

  const quiet = Array.from({ length: 7 }, () => capacity.admit(1))
  const before = log.lines.length
  capacity.admit(1)
  capacity.admit(1)
  time.now = 60_000
  capacity.admit(1)

  assert.deepEqual([quiet.length, before, log.lines.length], [7, 0, 2])
  assert.match(log.lines[0] ?? '', /^warn This replica is close to its capacity .*"open_requests":8,/)
})

test('the default for held bytes is a quarter of the memory limit, at least 256 MiB', () => {
  assert.equal(defaultBufferedBytes(4096 * MIB), 1024 * MIB)
  assert.equal(defaultBufferedBytes(512 * MIB), 256 * MIB)
})
