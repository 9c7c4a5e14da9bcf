// What the relay takes, what it adds, and what it refuses at the door.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { telemetryRoutes } from '../../app/telemetry/route.ts'
import { startCollector } from '../support/collector.ts'
import { startListener } from '../support/listener.ts'
import { KeptConnection } from '../support/raw-http.ts'
import { account, EXPORT, offer, startRelay } from '../support/telemetry-rig.ts'

test('a type or an encoding that cannot stand in a header is the export at fault, not the collector', async () => {
  await using collector = await startCollector()
  await using relay = startRelay([{ url: collector.url }])
  const unsendable = [
    { contentType: 'application/json; a=\u0001' },
    { contentType: 'application/json; a=b\r\nx-evil: 1' },
    { contentType: 'application/json; a=\u20ac' },
    { contentType: `application/json; a=${'b'.repeat(300)}` },
    { contentEncoding: 'gzip\u0000' },
    { contentEncoding: 'gz\u00efp' },
    { contentEncoding: 'g'.repeat(65) },
  ]

  for (const odd of unsendable) relay.accept({ ...EXPORT, ...odd, body: Buffer.from('x') })
  await relay.idle()

  assert.deepEqual(relay.ledger.accounts(), [
    { destination: 'none', signal: 'metrics', received: 7, forwarded: 0, dropped: { unsupported_type: 7 } },
  ])
  assert.equal(relay.destinations[0]?.isPaused, false)
  assert.equal(collector.connections, 0)
  assert.equal(relay.log.lines.filter(line => line.includes('a type that is none of OTLP')).length, 1)
})

test("the operator's user-agent stands in the place of ours, once", async () => {
  await using collector = await startCollector()
  await using relay = startRelay([{ url: collector.url, headers: { 'User-Agent': 'ours/1', 'x-key': 'k' } }])

  offer(relay, 1)
  const [received] = await collector.received(1)

  assert.deepEqual(received?.names, [
    ...['host', 'connection', 'content-type', 'user-agent', 'x-key', 'content-length'],
  ])
  assert.equal(received?.headers['user-agent'], 'ours/1')
})

test('an export after the end is counted as one that the end has cost', async () => {
  await using collector = await startCollector()
  await using relay = startRelay([{ url: collector.url }])
  await relay.stop(0)

  offer(relay, 2)

  assert.deepEqual(account(relay), { forwarded: 0, dropped: { shutdown: 2 } })
  assert.equal(collector.connections, 0)
})

test('a request that cannot be sent at all is a failure that is counted, and the destination goes on', async () => {
  await using collector = await startCollector()
  const token = { get: () => 'ya29\u0001', refused: () => {} }
  await using relay = startRelay([{ url: collector.url, auth: { google: {} } }], { in_flight: 1 }, { token })
  offer(relay, 1)
  await relay.idle()
  token.get = () => 'ya29'
  offer(relay, 1)
  await relay.idle()

  assert.deepEqual(account(relay), { forwarded: 1, dropped: { failed: 1 } })
})

test('what has arrived of unfinished exports is bounded; what was only announced takes no room', async () => {
  await using collector = await startCollector()
  await using relay = startRelay([{ url: collector.url }])
  const bearer = () => Promise.resolve()
  await using listener = await startListener(telemetryRoutes({ bearer, relay, maxReceivingBytes: 100_000 }))
  const head = (length: number) =>
    `POST /v1/metrics HTTP/1.1\r\nhost: g\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`
  const announcing = new KeptConnection(listener.port)
  const holding = new KeptConnection(listener.port)
  const third = new KeptConnection(listener.port)
  announcing.socket.write(head(16_000_000))

  const small = await third.ask(`${head(60_000)}${'a'.repeat(60_000)}`)
  holding.socket.write(`${head(90_000)}${'b'.repeat(80_000)}`)
  // A small export at a time, until the one that is held has arrived as far as it was sent.
  let discarded = 0
  while (discarded === 0) {
    await third.ask(`${head(30_000)}${'c'.repeat(30_000)}`)
    discarded = relay.ledger.accounts().find(({ destination }) => destination === 'none')?.received ?? 0
  }
  const late = await holding.ask('b'.repeat(10_000))
  const after = await third.ask(`${head(90_000)}${'d'.repeat(90_000)}`)
  for (const connection of [announcing, holding, third]) connection.close()

  assert.deepEqual(
    [small, late, after].map(({ status, body }) => [status, body]),
    [
      [200, '{}'],
      [200, '{}'],
      [200, '{}'],
    ],
  )
  const nobody = relay.ledger.accounts().find(({ destination }) => destination === 'none')
  assert.deepEqual(nobody?.dropped, { queue_full: 1 })
  assert.equal(relay.log.lines.filter(line => line.includes('exports are thrown away')).length, 1)
  await collector.received(3)
  assert.ok(collector.exports.some(({ body }) => body.equals(Buffer.alloc(90_000, 'd'))))
})
