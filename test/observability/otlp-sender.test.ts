// The gateway's own telemetry on its way to a collector that answers, hangs, resets, redirects, or is not there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { answering, hangs, type Manner, resets, startCollector } from '../support/collector.ts'
import { type SenderUnderTest, startSender } from '../support/sender-rig.ts'

const BATCH = Buffer.from('one serialized batch')

/** Moves the clock, little by little, until the batch is accepted or lost: for what is tried again. */
async function outcome(sender: SenderUnderTest, sent: Promise<boolean>): Promise<boolean> {
  const over = sent.then(accepted => ({ accepted }))
  for (;;) {
    const done = await Promise.race([over, turn(null)])
    if (done !== null) return done.accepted
    sender.ticker.advance(20)
  }
}

test('a batch arrives compressed, under the path of its signal, with the configured headers and no others', async () => {
  await using collector = await startCollector()
  await using sender = startSender({ url: `${collector.url}/otlp/`, headers: { 'x-key': 'k' } })

  const accepted = await Promise.all([sender.send('metrics', BATCH), sender.send('traces', BATCH)])

  assert.deepEqual(accepted, [true, true])
  assert.deepEqual(collector.exports.map(({ path }) => path).sort(), ['/otlp/v1/metrics', '/otlp/v1/traces'])
  for (const { headers, body } of collector.exports) {
    assert.deepEqual(gunzipSync(body), BATCH)
    const { host, ...others } = headers
    assert.equal(host, collector.url.slice('http://'.length))
    assert.deepEqual(others, {
      connection: 'keep-alive',
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'content-length': String(body.length),
      'user-agent': 'gatehouse/9.9.9',
      'x-key': 'k',
    })
  }
  assert.deepEqual(sender.lost, [])
})

const ANSWERS: readonly { answer: string; attempts: number }[] = [
  { answer: '400 Bad Request', attempts: 1 },
  { answer: '401 Unauthorized', attempts: 1 },
  { answer: '404 Not Found', attempts: 1 },
  { answer: '500 Internal Server Error', attempts: 1 },
  { answer: '429 Too Many Requests', attempts: 3 },
  { answer: '503 Service Unavailable', attempts: 3 },
]

for (const { answer, attempts } of ANSWERS) {
  test(`a batch that a collector answers with ${answer} is sent ${attempts} times in all, then counted as lost`, async () => {
    await using collector = await startCollector(answering(answer))
    await using sender = startSender({ url: collector.url, headers: {} })

    const accepted = await outcome(sender, sender.send('traces', BATCH, 17))

    assert.equal(accepted, false)
    assert.equal(collector.exports.length, attempts)
    assert.deepEqual(sender.lost, ['traces 17'])
  })
}

test('a redirect is not followed', async () => {
  await using elsewhere = await startCollector()
  await using collector = await startCollector(answering(`307 Over There\r\nlocation: ${elsewhere.url}/`))
  await using sender = startSender({
    url: collector.url,
    headers: { authorization: 'Bearer of-the-operator' },
  })

  assert.equal(await sender.send('metrics', BATCH), false)

  assert.deepEqual([collector.exports.length, elsewhere.connections], [1, 0])
})

test('a second attempt that is accepted loses nothing', async () => {
  let times = 0
  const manner: Manner = (socket, received) => {
    times += 1
    if (times === 1) resets(socket, received)
    else answering('200 OK')(socket, received)
  }
  await using collector = await startCollector(manner)
  await using sender = startSender({ url: collector.url, headers: {} })

  assert.equal(await outcome(sender, sender.send('metrics', BATCH)), true)

  assert.deepEqual([times, sender.lost], [2, []])
})

test('Retry-After is obeyed, and a wait beyond two minutes is a loss', async () => {
  await using collector = await startCollector()
  await using sender = startSender({ url: collector.url, headers: {} })
  const arrivals: number[] = []
  const asking = (seconds: number): Manner => {
    return (socket, received) => {
      arrivals.push(sender.ticker.clock())
      collector.manner = asking(121)
      answering(`503 Busy\r\nretry-after: ${seconds}`)(socket, received)
    }
  }
  collector.manner = asking(30)

  assert.equal(await outcome(sender, sender.send('metrics', BATCH)), false)

  const [first = 0, second = 0] = arrivals
  assert.equal(arrivals.length, 2)
  assert.ok(second - first >= 30_000)
})

test('a collector that is silent is left after ten seconds, and the batch is not sent twice', async () => {
  await using collector = await startCollector(hangs)
  await using sender = startSender({ url: collector.url, headers: {} })
  const sent = sender.send('traces', BATCH, 3)
  await collector.received(1)

  sender.ticker.advance(9999)
  sender.ticker.advance(1)

  assert.equal(await sent, false)
  assert.deepEqual([collector.exports.length, sender.lost], [1, ['traces 3']])
})

test('items that the collector rejected of an accepted batch are counted', async () => {
  const partial = '{"partialSuccess":{"rejectedSpans":"4"}}'
  await using collector = await startCollector(answering('200 OK\r\ncontent-type: application/json', partial))
  await using sender = startSender({ url: collector.url, headers: {} })

  assert.equal(await sender.send('traces', BATCH, 10), true)

  assert.deepEqual(sender.lost, ['traces 4'])
})

test('one batch too many at a time is lost at once, so that a dead collector holds eight', async () => {
  await using collector = await startCollector(hangs)
  await using sender = startSender({ url: collector.url, headers: {} })
  for (let index = 0; index < 8; index += 1) void sender.send('metrics', BATCH)

  assert.equal(await sender.send('metrics', BATCH, 5), false)

  assert.deepEqual(sender.lost, ['metrics 5'])
})

test('while batches are lost there is one warning a minute, without a header value, and a line when it is over', async () => {
  await using collector = await startCollector(answering('404 Not Found'))
  await using sender = startSender({ url: collector.url, headers: { 'x-key': 'marked-secret' } })
  const lose = () => sender.send('metrics', BATCH, 2)
  for (let times = 0; times < 5; times += 1) await lose()
  assert.equal(sender.log.lines.length, 1)

  sender.ticker.advance(60_000)
  await lose()
  collector.manner = answering('200 OK')
  await sender.send('metrics', BATCH)
  assert.equal(sender.log.lines.length, 2)
  sender.ticker.advance(60_000)
  await sender.send('metrics', BATCH)

  const text = "the gateway's own telemetry for 127.0.0.1 is dropped"
  const fields = '{"signal":"metrics","items":2,"last":"status 404"}'
  assert.deepEqual(sender.log.lines, [
    `warn ${text} ${fields}`,
    `warn ${text} (5 times since the last line) ${fields}`,
    `info over: ${text}`,
  ])
})

test('a Google collector gets a bearer and the quota project; without a token nothing is sent', async () => {
  await using collector = await startCollector()
  const config = { url: collector.url, headers: {}, auth: { google: { quota_project: 'p-1' } } }
  let refusals = 0
  const refused = () => {
    refusals += 1
  }
  await using sender = startSender(config, { token: { get: async () => 'g-token', refused } })
  await using without = startSender(config, {
    token: { get: () => Promise.reject(new Error('no key')), refused },
  })

  assert.equal(await sender.send('metrics', BATCH), true)
  assert.equal(await without.send('metrics', BATCH), false)
  collector.manner = answering('401 Unauthorized')
  assert.equal(await sender.send('metrics', BATCH), false)

  assert.equal(collector.exports.length, 2)
  assert.equal(collector.exports[0]?.headers['authorization'], 'Bearer g-token')
  assert.equal(collector.exports[0]?.headers['x-goog-user-project'], 'p-1')
  assert.equal(refusals, 1)
})

test('loopback without the variable is refused by the guard', async () => {
  await using collector = await startCollector()
  await using sender = startSender({ url: collector.url, headers: {} }, { allowLoopback: false })

  assert.equal(await sender.send('metrics', BATCH), false)

  assert.equal(collector.connections, 0)
})

test('at the end what is on its way may arrive, and the rest is counted as lost', async () => {
  await using alive = await startCollector()
  await using dead = await startCollector(hangs)
  await using toAlive = startSender({ url: alive.url, headers: {} })
  await using toDead = startSender({ url: dead.url, headers: {} })
  const sent = [toAlive.send('traces', BATCH, 2), toDead.send('traces', BATCH, 3)]

  await Promise.all([toAlive.stop(10_000), toDead.stop(1)])

  assert.deepEqual(await Promise.all(sent), [true, false])
  assert.deepEqual([toAlive.lost, toDead.lost], [[], ['traces 3']])
  assert.equal(await toAlive.send('traces', BATCH, 4), false)
  assert.deepEqual([toAlive.ticker.watched, toDead.ticker.watched], [0, 0])
})
