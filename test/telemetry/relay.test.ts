// The relay against collectors on good and bad days: what arrives, what is dropped, and that each export is counted.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { answering, hangs, resets, startCollector } from '../support/collector.ts'
import { account, EXPORT, offer, startRelay } from '../support/telemetry-rig.ts'

test('an export arrives as it was sent, with the headers of the allow-list and no others', async () => {
  await using collector = await startCollector()
  await using relay = startRelay([
    { url: `${collector.url}/api/otlp/`, headers: { 'x-key': 'k' }, logs: true },
  ])
  const body = randomBytes(5_000_000)

  relay.accept({ signal: 'logs', contentType: 'application/json; a=b', contentEncoding: 'gzip', body })
  const [received] = await collector.received(1)
  await relay.idle()

  assert.equal(received?.path, '/api/otlp/v1/logs')
  assert.ok(received?.body.equals(body))
  const { host, connection, ...headers } = received?.headers ?? {}
  assert.equal(host, new URL(collector.url).host)
  assert.equal(connection, 'keep-alive')
  assert.deepEqual(headers, {
    'content-type': 'application/json; a=b',
    'content-encoding': 'gzip',
    'user-agent': 'gatehouse/9.9.9',
    'x-key': 'k',
    'content-length': '5000000',
  })
  assert.deepEqual(account(relay), { forwarded: 1, dropped: {} })
})

test('an export without a content type goes as protobuf; an unknown type and an empty body go nowhere', async () => {
  await using collector = await startCollector()
  await using relay = startRelay([{ url: collector.url }])

  relay.accept({ ...EXPORT, contentType: undefined, body: Buffer.from('x') })
  relay.accept({ ...EXPORT, contentType: 'text/plain', body: Buffer.from('x') })
  relay.accept({ ...EXPORT, body: Buffer.alloc(0) })
  relay.accept({ ...EXPORT, signal: 'traces', body: Buffer.from('x') })
  const [received] = await collector.received(1)
  await relay.idle()

  assert.equal(received?.headers['content-type'], 'application/x-protobuf')
  assert.deepEqual(
    relay.ledger.accounts().map(({ destination, signal, dropped }) => [destination, signal, dropped]),
    [
      ['0:127.0.0.1', 'metrics', {}],
      ['none', 'metrics', { unsupported_type: 1 }],
      ['none', 'traces', { no_destination: 1 }],
    ],
  )
})

const TABLE: readonly (readonly [status: string, sends: number, reason: string])[] = [
  ['400 Bad Request', 1, 'refused'],
  ['413 Content Too Large', 1, 'refused'],
  ['415 Unsupported', 1, 'refused'],
  ['422 Unprocessable', 1, 'refused'],
  ['431 Headers', 1, 'refused'],
  ['429 Too Many', 3, 'failed'],
  ['502 Bad Gateway', 3, 'failed'],
  ['503 Unavailable', 3, 'failed'],
  ['504 Timeout', 3, 'failed'],
  ['302 Found\r\nlocation: http://169.254.169.254/', 1, 'redirect'],
  ['401 Unauthorized', 1, 'failed'],
  ['404 Not Found', 1, 'failed'],
  ['500 Internal', 1, 'failed'],
]

for (const [status, sends, reason] of TABLE) {
  test(`an answer of ${status.slice(0, 3)} is sent ${sends} times in all and dropped as ${reason}`, async () => {
    await using collector = await startCollector(answering(status))
    await using relay = startRelay([{ url: collector.url }])

    offer(relay, 1)
    await relay.drained()

    assert.equal(collector.exports.length, sends)
    assert.deepEqual(account(relay), { forwarded: 0, dropped: { [reason]: 1 } })
  })
}

test('five refusals pause nothing, and say so once', async () => {
  await using collector = await startCollector(answering('400 Bad Request'))
  await using relay = startRelay([{ url: collector.url }])

  offer(relay, 8)
  await relay.drained()

  assert.equal(collector.exports.length, 8)
  assert.equal(relay.destinations[0]?.isPaused, false)
  assert.equal(relay.log.lines.filter(line => line.includes('refuses exports')).length, 1)
})

test('a reset is tried again; a hang after the whole body was sent is not, as it may have arrived', async () => {
  await using collector = await startCollector(resets)
  await using relay = startRelay([{ url: collector.url }])
  offer(relay, 1)
  await relay.drained()
  assert.deepEqual(account(relay), { forwarded: 0, dropped: { failed: 1 } })
  assert.equal(collector.exports.length, 3)

  collector.manner = hangs
  offer(relay, 1)
  await collector.received(4)
  relay.advance(10_000)
  await relay.idle()

  assert.deepEqual(account(relay), { forwarded: 0, dropped: { failed: 1, timeout: 1 } })
  assert.equal(collector.exports.length, 4)
})

test('loopback without the variable is refused by the guard, and counted', async () => {
  await using collector = await startCollector()
  await using relay = startRelay([{ url: collector.url }], {}, { allowLoopback: false })

  offer(relay, 1)
  await relay.idle()

  assert.deepEqual(account(relay), { forwarded: 0, dropped: { failed: 1 } })
  assert.equal(collector.connections, 0)
})

test('a Google destination gets a bearer, the quota project, and nothing while there is none', async () => {
  await using collector = await startCollector()
  const token = { get: () => Promise.resolve('ya29.token'), refused: () => {} }
  const auth = { google: { quota_project: 'quota-project' } }
  await using relay = startRelay([{ url: collector.url, auth }], {}, { token })
  offer(relay, 1)
  const [received] = await collector.received(1)
  await relay.idle()
  assert.equal(received?.headers['authorization'], 'Bearer ya29.token')
  assert.equal(received?.headers['x-goog-user-project'], 'quota-project')

  token.get = () => Promise.reject(new Error('no credentials'))
  offer(relay, 1)
  await relay.idle()

  assert.deepEqual(account(relay), { forwarded: 1, dropped: { credentials: 1 } })
})
