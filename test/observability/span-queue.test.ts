// Spans on their way into batches, with a clock that the test moves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Span } from '../../app/observability/span.ts'
import { SpanQueue } from '../../app/observability/span-queue.ts'
import { manualTicker } from '../support/manual-ticker.ts'

function spans(count: number): Span[] {
  const ids = { traceId: 't', parentId: null, name: 'GET', kind: 'server' as const }
  const rest = { start: 0, end: 0, isError: false, attributes: {}, events: [], link: null }
  return Array.from({ length: count }, (_, index) => ({ ...ids, ...rest, spanId: String(index) }))
}

/** A queue whose batches arrive when the test says so. */
function startQueue() {
  const ticker = manualTicker()
  const batches: number[] = []
  const lost: number[] = []
  let arrive = () => {}
  const queue = new SpanQueue({
    ...{ ticker, clock: ticker.clock, dropped: count => void lost.push(count) },
    send(batch) {
      batches.push(batch.length)
      const { promise, resolve } = Promise.withResolvers<void>()
      arrive = resolve
      return promise
    },
  })
  return { ticker, queue, batches, lost, arrive: () => arrive() }
}

test('spans wait five seconds for company, or for 512 of them', async () => {
  const { ticker, queue, batches, arrive } = startQueue()
  queue.add(spans(3))
  ticker.advance(4999)
  assert.deepEqual(batches, [])

  ticker.advance(1)
  arrive()
  await turn()
  queue.add(spans(510))
  queue.add(spans(3))

  assert.deepEqual([batches, queue.length], [[3, 512], 1])
})

test('one batch is on its way at a time, however long it takes', async () => {
  const { ticker, queue, batches, arrive } = startQueue()
  queue.add(spans(512))
  queue.add(spans(512))
  ticker.advance(60_000)
  assert.deepEqual(batches, [512])

  arrive()
  await turn()

  assert.deepEqual([batches, queue.length], [[512, 512], 0])
})

test('beyond 2,048 spans those of a request are lost together, and counted', () => {
  const { queue, batches, lost } = startQueue()
  queue.add(spans(512))
  for (let index = 0; index < 682; index += 1) queue.add(spans(3))
  queue.add(spans(4))
  queue.add(spans(2))

  assert.deepEqual([batches, queue.length, lost], [[512], 2048, [4]])
})

test('at the end everything that waits is handed over at once, and what comes later is lost', () => {
  const { ticker, queue, batches, lost } = startQueue()
  for (const count of [512, 600, 600]) queue.add(spans(count))

  queue.end()
  queue.add(spans(3))

  assert.deepEqual([batches, lost], [[512, 512, 512, 176], [3]])
  assert.deepEqual([queue.length, ticker.watched], [0, 0])
})
