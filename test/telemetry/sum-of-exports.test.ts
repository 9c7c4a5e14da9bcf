// Whatever collectors do, every export is forwarded, dropped for a reason, or still on its way (T-18).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { answering, hangs, type Manner, resets, startCollector } from '../support/collector.ts'
import { account, offer, startRelay } from '../support/telemetry-rig.ts'

const MANNERS: readonly Manner[] = [
  answering('200 OK'),
  answering('400 Bad Request'),
  answering('404 Not Found'),
  answering('302 Found\r\nlocation: http://169.254.169.254/'),
  answering('503 Unavailable\r\nretry-after: 1'),
  hangs,
  resets,
  socket => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'),
  socket => void socket.end('nonsense'),
]

const STEP = fc.oneof(
  fc.record({ do: fc.constant('offer' as const), count: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ do: fc.constant('advance' as const), count: fc.constantFrom(500, 1000, 10_000, 31_000) }),
  fc.record({ do: fc.constant('manner' as const), count: fc.nat(MANNERS.length - 1) }),
)

test('received is forwarded and dropped and pending, at every moment, whatever the collector does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 25 }), async steps => {
      await using collector = await startCollector()
      await using relay = startRelay([{ url: collector.url }], { in_flight: 2, queue_items: 6 })
      offer(relay, 1)
      for (const { do: what, count } of steps) {
        if (what === 'offer') offer(relay, count, 20)
        else if (what === 'advance') relay.advance(count)
        else collector.manner = MANNERS[count] ?? hangs
        account(relay) // asserts the sum
        await new Promise(resolve => setImmediate(resolve))
        account(relay)
      }
      await relay.stop(0)

      const { forwarded, dropped } = account(relay)
      const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0)
      assert.equal(forwarded + lost, relay.ledger.accounts()[0]?.received)
      assert.equal(relay.destinations[0]?.queuedBytes, 0)
    }),
    { numRuns: 60 },
  )
})
