// The relay's decisions without sockets: queue, pause, Retry-After, and that every export is accounted for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { judge, retryAfterMs } from '../../app/otlp/outcome.ts'
import { rejectedItems } from '../../app/otlp/partial-success.ts'
import { ExportQueue, type QueuedExport } from '../../app/telemetry/export-queue.ts'
import { Pause } from '../../app/telemetry/pause.ts'

function queued(since: number, bytes: number, notBefore = since): QueuedExport {
  const body = Buffer.alloc(bytes)
  return {
    item: { signal: 'logs', contentType: 'application/json', contentEncoding: undefined, body },
    ...{ since, attempts: 0, notBefore },
  }
}

test('whatever is added to a queue comes out once: taken, dropped, or still there, and never beyond its bounds', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), bytes: fc.integer({ min: 0, max: 60 }), wait: fc.nat(50) }),
    fc.record({ do: fc.constant('take' as const), bytes: fc.constant(0), wait: fc.nat(50) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const dropped: QueuedExport[] = []
      const taken: QueuedExport[] = []
      const queue = new ExportQueue(
        { maxBytes: 100, maxItems: 5, maxAgeMs: 120 },
        item => void dropped.push(item),
      )
      let now = 0
      let added = 0
      for (const { do: what, bytes, wait } of steps) {
        now += wait
        if (what === 'add') {
          queue.add(queued(now, bytes))
          added += 1
        } else {
          const next = queue.take(now)
          if (next !== null) taken.push(next)
        }
        assert.ok(queue.bytes <= 100 && queue.length <= 5)
      }
      queue.clear('shutdown')
      assert.equal(new Set([...dropped, ...taken]).size, added)
      assert.equal(dropped.length + taken.length, added)
      assert.equal(queue.bytes, 0)
    }),
  )
})

test('an export that waits for its next attempt lets younger ones pass', () => {
  const queue = new ExportQueue({ maxBytes: 100, maxItems: 5, maxAgeMs: 1000 }, () => {})
  queue.add(queued(0, 1, 500))
  queue.add(queued(10, 2))

  assert.equal(queue.take(20)?.since, 10)
  assert.equal(queue.take(20), null)
  assert.equal(queue.take(500)?.since, 0)
})

test('a pause begins with the fifth failure in a row and admits one probe at a time', () => {
  const pause = new Pause()
  for (const _ of [1, 2, 3, 4]) assert.equal(pause.failed(0, false), null)
  assert.equal(pause.failed(0, false), 'paused')
  assert.equal(pause.failed(1, false), null)

  assert.deepEqual([pause.admits(29_999), pause.admits(30_000), pause.admits(30_000)], [false, true, false])
  assert.equal(pause.failed(30_500, true), 'paused_again')
  assert.deepEqual([pause.admits(60_499), pause.admits(60_500)], [false, true])
  pause.unknown(true)
  assert.equal(pause.admits(60_500), true)
  assert.equal(pause.succeeded(), 'resumed')
  assert.equal(pause.failed(60_501, false), null)
})

test('Retry-After is seconds or a date', () => {
  const now = Date.UTC(2026, 0, 1)

  assert.deepEqual(
    ['7', 'Thu, 01 Jan 2026 00:00:09 GMT', 'Wed, 31 Dec 2025 00:00:00 GMT', 'soon', undefined].map(value =>
      retryAfterMs(value, now),
    ),
    [7000, 9000, 0, null, null],
  )
})

test('a time-out counts as lost only when the whole body was sent', () => {
  const broke = { kind: 'broke', isTimeout: true, cause: 'x' } as const

  assert.deepEqual(judge({ ...broke, wasSent: true }), { health: 'failing', fate: 'drop', reason: 'timeout' })
  assert.deepEqual(judge({ ...broke, wasSent: false }), {
    health: 'failing',
    fate: 'retry',
    reason: 'failed',
  })
})

test('no answer of a collector can hurt the reader of its partial success', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, isJson) => {
      const rejected = rejectedItems(Buffer.from(bytes), isJson ? 'application/json' : undefined)
      assert.ok(Number.isSafeInteger(rejected) && rejected >= 0)
    }),
  )
})
