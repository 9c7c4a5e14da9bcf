// The relay over time: repeats, pauses, full queues, and how it says that exports are lost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { answering, type Collector, hangs, type Manner, startCollector } from '../support/collector.ts'
import { account, EXPORT, offer, startRelay } from '../support/telemetry-rig.ts'

test('Retry-After is obeyed, and what would wait too long is dropped', async () => {
  await using collector = await startCollector(answering('429 Slow\r\nretry-after: 30'))
  await using relay = startRelay([{ url: collector.url }])
  offer(relay, 1)
  await relay.settled()
  relay.advance(29_000)
  await relay.settled()
  assert.equal(collector.exports.length, 1)

  relay.advance(1500)
  await collector.received(2)
  await relay.settled()
  collector.manner = answering('429 Slow\r\nretry-after: 120')
  relay.advance(31_000)
  await collector.received(3)
  await relay.idle()

  assert.deepEqual(account(relay), { forwarded: 0, dropped: { failed: 1 } })
})

test('five failures in a row pause a destination; then one export is tried, and its success lets all pass', async () => {
  await using collector = await startCollector(answering('500 Internal'))
  await using relay = startRelay([{ url: collector.url }], { in_flight: 1 })
  offer(relay, 9)
  await relay.settled()
  assert.equal(collector.exports.length, 5)
  assert.equal(relay.destinations[0]?.isPaused, true)

  relay.advance(30_001)
  await collector.received(6)
  await relay.settled()
  assert.equal(collector.exports.length, 6)
  assert.equal(relay.log.lines.filter(line => line.includes('is paused for 30 s')).length, 2)

  collector.manner = answering('200 OK')
  relay.advance(30_001)
  await collector.received(9)
  await relay.idle()

  assert.equal(relay.destinations[0]?.isPaused, false)
  assert.deepEqual(account(relay), { forwarded: 3, dropped: { failed: 6 } })
  assert.ok(relay.log.lines.some(line => line.includes('answers again')))
})

test('a full queue loses its oldest, by number and by bytes; what is too large is never queued', async () => {
  await using collector = await startCollector(hangs)
  await using relay = startRelay([{ url: collector.url }], { in_flight: 1, queue_items: 3, queue_bytes: 100 })

  offer(relay, 6)
  await collector.received(1)
  relay.accept({ ...EXPORT, body: Buffer.alloc(90) })
  relay.accept({ ...EXPORT, body: Buffer.alloc(101) })

  assert.equal(relay.destinations[0]?.queuedBytes, 100)
  assert.deepEqual(account(relay), { forwarded: 0, dropped: { queue_full: 4, too_large: 1 } })
})

test('what waits too long is dropped, also while nothing can be sent', async () => {
  await using collector = await startCollector(hangs)
  await using relay = startRelay([{ url: collector.url }], { in_flight: 1 })
  offer(relay, 3)
  await collector.received(1)

  relay.advance(121_000)
  relay.tick()

  assert.equal(account(relay).dropped.expired, 2)
})

test('while exports are dropped there is one warning a minute, and one line when it is over', async () => {
  await using collector = await startCollector(answering('404 Not Found'))
  await using relay = startRelay([{ url: collector.url, headers: { 'x-key': 'marked-secret' } }])
  const warnings = () => relay.log.lines.filter(line => line.includes('is dropped'))
  for (let second = 0; second < 3; second += 1) {
    offer(relay, 1)
    await relay.idle()
    relay.advance(1000)
    relay.tick()
  }
  assert.equal(warnings().length, 1)

  relay.advance(60_000)
  relay.tick()
  assert.equal(warnings().length, 2)
  collector.manner = answering('200 OK')
  relay.advance(61_000)
  relay.tick()

  assert.equal(relay.log.lines.filter(line => line.includes('again')).length, 1)
  assert.match(warnings()[1] ?? '', /0:127\.0\.0\.1 .*failed.*404/)
  assert.ok(!relay.log.lines.join('').includes('marked-secret'))
})

test('items that a collector rejected of an accepted export are told once', async () => {
  const manners: Manner[] = [
    answering('200 OK\r\ncontent-type: application/json', '{"partialSuccess":{"rejectedLogRecords":"7"}}'),
    answering('200 OK\r\ncontent-type: application/x-protobuf', Buffer.from([0x0a, 0x03, 0x08, 0x87, 0x01])),
  ]
  const said: string[] = []
  for (const manner of manners) {
    await using collector = await startCollector(manner)
    await using relay = startRelay([{ url: collector.url }])
    offer(relay, 3)
    await collector.received(3)
    await relay.idle()
    said.push(...relay.log.lines.filter(line => line.includes('rejected items')))
  }

  assert.equal(said.length, 2)
  assert.match(said[0] ?? '', /rejected.*7/)
  assert.match(said[1] ?? '', /rejected.*135/)
})

test('a dead destination delays and costs the other one nothing', async () => {
  await using dead = await startCollector(hangs)
  await using alive = await startCollector()
  await using relay = startRelay([{ url: dead.url }, { url: alive.url }], { queue_items: 5000 })

  offer(relay, 3000, 2000)
  await alive.received(3000)
  while ((relay.ledger.accounts()[1]?.forwarded ?? 0) < 3000) await turn()

  const [ofDead, ofAlive] = relay.ledger.accounts()
  assert.deepEqual([ofAlive?.forwarded, ofAlive?.dropped], [3000, {}])
  assert.equal(ofDead?.forwarded, 0)
  assert.ok((relay.destinations[0]?.queuedBytes ?? 0) <= 16_777_216)
})

test('at the end what can be sent is sent, and the rest is dropped and named', async () => {
  const collectors: Collector[] = [await startCollector(), await startCollector(hangs)]
  await using relay = startRelay(
    collectors.map(({ url }) => ({ url })),
    { in_flight: 2 },
  )
  offer(relay, 20)

  await relay.stop(150)

  const [alive, dead] = relay.ledger.accounts()
  assert.deepEqual([alive?.forwarded, dead?.dropped], [20, { shutdown: 20 }])
  assert.match(relay.log.lines.at(-1) ?? '', /telemetry was dropped at the end: 1:127\.0\.0\.1: 20 exports/)
  for (const collector of collectors) await collector[Symbol.asyncDispose]()
})
