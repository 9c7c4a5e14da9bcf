// Collectors that mean harm or are broken in odd ways: none gets more than its share, and no export is lost uncounted.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { answering, hangs, startCollector } from '../support/collector.ts'
import { account, EXPORT, offer, startRelay } from '../support/telemetry-rig.ts'

const LARGE = Buffer.alloc(12_000_000, 'x')

/** Resolves once the first bytes of an export are there, so that the rest is under way. */
async function begun(sockets: readonly Socket[], count: number): Promise<void> {
  while ((sockets[count - 1]?.bytesRead ?? 0) === 0) await turn()
}

test('a collector that takes no more bytes did not get the export: it is tried again', async () => {
  await using collector = await startCollector()
  const held: Socket[] = []
  collector.connected = socket => void held.push(socket.pause())
  await using relay = startRelay([{ url: collector.url }])
  relay.accept({ ...EXPORT, body: LARGE })
  for (let connections = 1; connections <= 3; connections += 1) {
    await begun(held, connections)
    relay.advance(10_000)
    await relay.idle()
    assert.equal(relay.destinations[0]?.pending.queued, connections < 3 ? 1 : 0)
    relay.advance(4000)
  }

  assert.deepEqual(account(relay), { forwarded: 0, dropped: { failed: 1 } })
  assert.equal(collector.connections, 3)
})

test('a collector that takes a little at a time did not get the export either', async () => {
  await using collector = await startCollector()
  const dripping: Socket[] = []
  collector.connected = socket => {
    dripping.push(socket.pause())
    const drip = setInterval(() => socket.read(1), 1)
    socket.once('close', () => clearInterval(drip))
  }
  await using relay = startRelay([{ url: collector.url }], { attempts: 1 })
  relay.accept({ ...EXPORT, body: LARGE })
  await begun(dripping, 1)
  for (let second = 1; second <= 10; second += 1) {
    await turn()
    relay.advance(1000)
  }
  await relay.idle()

  assert.deepEqual(account(relay), { forwarded: 0, dropped: { failed: 1 } })
})

for (const bytes of [1, 100, 1_000_000]) {
  test(`a reset after ${bytes} bytes is tried again, and the second attempt is whole`, async () => {
    await using collector = await startCollector()
    collector.connected = socket => {
      if (collector.connections > 1) return
      let seen = 0
      socket.on('data', chunk => {
        seen += chunk.length
        if (seen >= bytes) socket.resetAndDestroy()
      })
    }
    await using relay = startRelay([{ url: collector.url }])
    relay.accept({ ...EXPORT, body: LARGE })
    await relay.drained()

    assert.deepEqual(account(relay), { forwarded: 1, dropped: {} })
    assert.ok(collector.exports.at(-1)?.body.equals(LARGE))
  })
}

test('a redirect to a metadata server is followed nowhere, whatever its status', async () => {
  const statuses = ['301 Moved', '302 Found', '303 See Other', '307 Temporary', '308 Permanent']
  for (const status of statuses) {
    await using collector = await startCollector(
      answering(`${status}\r\nlocation: http://169.254.169.254/computeMetadata/v1/`),
    )
    await using relay = startRelay([{ url: collector.url, headers: { 'x-key': 'k' } }])
    offer(relay, 1)
    await relay.drained()

    assert.deepEqual(account(relay), { forwarded: 0, dropped: { redirect: 1 } })
    assert.deepEqual([collector.exports.length, collector.connections], [1, 1])
  }
})

test('an endless answer is read to 64 KiB, and its status counts', async () => {
  let written = 0
  await using collector = await startCollector(socket => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    const flood = () => {
      while (!socket.destroyed && written < 100_000_000) {
        written += 65_536
        if (!socket.write(`10000\r\n${'y'.repeat(65_536)}\r\n`)) return
      }
    }
    socket.on('drain', flood)
    flood()
  })
  await using relay = startRelay([{ url: collector.url }])
  offer(relay, 1)
  await relay.idle()

  assert.deepEqual(account(relay), { forwarded: 1, dropped: {} })
  assert.ok(written < 50_000_000, `${written} bytes were taken`)
})

test('an answer that drips for ever counts by its status after thirty seconds', async () => {
  await using collector = await startCollector(socket => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nx')
    const drip = setInterval(() => socket.write('x'), 1)
    socket.once('close', () => clearInterval(drip))
  })
  await using relay = startRelay([{ url: collector.url }])
  offer(relay, 1)
  await collector.received(1)
  while (relay.destinations[0]?.pending.underWay === 1) {
    await turn()
    relay.advance(1000)
  }

  assert.deepEqual(account(relay), { forwarded: 1, dropped: {} })
})

test('an endless head, a head of nonsense and a head that lies are failures', async () => {
  const manners = [
    (socket: Socket) => void socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}`),
    (socket: Socket) => void socket.write('SSH-2.0-OpenSSH_9.9\r\n'),
    (socket: Socket) =>
      void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'),
  ]
  for (const manner of manners) {
    await using collector = await startCollector(manner)
    await using relay = startRelay([{ url: collector.url }], { attempts: 1 })
    offer(relay, 1)
    await relay.idle()

    assert.deepEqual(account(relay), { forwarded: 0, dropped: { failed: 1 } })
  }
})

test('a minute of 200 exports a second: the live destination gets each, the dead one costs its bounds', async () => {
  await using dead = await startCollector(hangs)
  await using alive = await startCollector()
  const bounds = { queue_items: 1000, queue_bytes: 300_000 }
  await using relay = startRelay([{ url: dead.url }, { url: alive.url }], bounds)
  const [ofDead, ofAlive] = relay.destinations
  assert.ok(ofDead && ofAlive)

  for (let second = 0; second < 60; second += 1) {
    offer(relay, 200, 500)
    assert.ok(ofDead.queuedBytes <= 300_000 && ofDead.pending.queued <= 1000)
    assert.ok(ofDead.pending.underWay <= 8)
    while (ofAlive.pending.queued + ofAlive.pending.underWay > 0) await turn()
    relay.advance(1000)
  }

  const accounts = relay.ledger.accounts()
  assert.deepEqual(
    accounts.map(({ received, forwarded }) => [received, forwarded]),
    [
      [12_000, 0],
      [12_000, 12_000],
    ],
  )
  assert.equal(alive.exports.length, 12_000)
  assert.ok((accounts[0]?.dropped.queue_full ?? 0) > 0)
})
