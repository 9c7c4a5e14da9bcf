// Clients' telemetry through a whole gateway: what a client is answered, and what a collector gets.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { answering, type Collector, hangs, startCollector } from '../support/collector.ts'
import { parseAnswer, received } from '../support/raw-http.ts'
import { openWholeGateway } from '../support/whole-gateway.ts'

const ALL = { metrics: true, logs: true, traces: true }

async function openWith(collector: Collector) {
  const whole = await openWholeGateway({
    sections: { telemetry: { forward_to: [{ url: collector.url, ...ALL }] } },
  })
  const { access_token: bearer } = await whole.tokens()
  return { ...whole, bearer, [Symbol.asyncDispose]: whole[Symbol.asyncDispose] }
}

function post(url: string, bearer: string, body: Buffer, headers: Record<string, string>) {
  return fetch(url, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { authorization: `Bearer ${bearer}`, ...headers },
  })
}

test('protobuf and JSON, gzip and plain, five megabytes each: the collector gets the very bytes', async () => {
  await using collector = await startCollector()
  await using whole = await openWith(collector)
  const noise = randomBytes(5_000_000)
  const text = Buffer.from(JSON.stringify({ resourceMetrics: [{ noise: noise.toString('base64') }] }))
  const sent = [
    { type: 'application/x-protobuf', encoding: null, body: noise },
    { type: 'application/x-protobuf', encoding: 'gzip', body: gzipSync(noise) },
    { type: 'application/json', encoding: null, body: text },
    { type: 'application/json', encoding: 'gzip', body: gzipSync(text) },
  ]
  const answers: unknown[] = []

  for (const [index, { type, encoding, body }] of sent.entries()) {
    const headers = { 'content-type': type, ...(encoding !== null && { 'content-encoding': encoding }) }
    const reply = await post(`${whole.gateway.url}/v1/logs`, whole.bearer, body, headers)
    answers.push([reply.status, reply.headers.get('content-type'), await reply.text()])
    await collector.received(index + 1)
  }

  assert.deepEqual(answers, [
    [200, 'application/x-protobuf', ''],
    [200, 'application/x-protobuf', ''],
    [200, 'application/json', '{}'],
    [200, 'application/json', '{}'],
  ])
  for (const [index, { type, encoding, body }] of sent.entries()) {
    const got = collector.exports[index]
    assert.ok(got?.body.equals(body))
    assert.deepEqual(
      [got?.path, got?.headers['content-type'], got?.headers['content-encoding'] ?? null],
      ['/v1/logs', type, encoding],
    )
  }
})

test('nothing of the client but type and encoding reaches the collector', async () => {
  await using collector = await startCollector()
  await using whole = await openWith(collector)
  const lines = [
    'POST /v1/metrics?token=marked-query HTTP/1.1',
    'host: gateway.test',
    `authorization: Bearer ${whole.bearer}`,
    'cookie: a=marked-cookie',
    'user-agent: marked-agent',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'baggage: marked=1',
    'x-forwarded-for: 203.0.113.9',
    'forwarded: for=203.0.113.9',
    'x-marked: 1',
    'proxy-authorization: Basic bWFya2Vk',
    'connection: close',
    'content-type: application/json',
    'content-length: 2',
  ]
  const socket = connect({ port: Number(new URL(whole.gateway.url).port), host: '127.0.0.1' })
  socket.write(`${lines.join('\r\n')}\r\n\r\n{}`)

  const reply = parseAnswer(await received(socket))
  const [got] = await collector.received(1)

  assert.equal(reply.status, 200)
  assert.equal(got?.path, '/v1/metrics')
  assert.deepEqual(got?.names.toSorted(), [
    'connection',
    'content-length',
    'content-type',
    'host',
    'user-agent',
  ])
  assert.equal(got?.headers['user-agent'], 'gatehouse/0.0.0-test')
})

test('an exporter of the OpenTelemetry project understands the answer', async () => {
  await using collector = await startCollector()
  await using whole = await openWith(collector)
  const headers = { 'content-type': 'application/x-protobuf' }

  const reply = await post(
    `${whole.gateway.url}/v1/metrics`,
    whole.bearer,
    Buffer.from([0x0a, 0x00]),
    headers,
  )

  const answer = ProtobufMetricsSerializer.deserializeResponse(new Uint8Array(await reply.arrayBuffer()))
  assert.equal(answer?.partialSuccess ?? null, null)
})

test('a collector that hangs or fails is no business of the client', async () => {
  for (const manner of [hangs, answering('500 Internal')]) {
    await using collector = await startCollector(manner)
    await using whole = await openWith(collector)

    const reply = await post(`${whole.gateway.url}/v1/traces`, whole.bearer, Buffer.from('x'), {})

    assert.deepEqual([reply.status, reply.headers.get('content-length')], [200, '0'])
    await collector.received(1)
  }
})

test('without collectors, or with a type that is none of OTLP, an export is taken all the same', async () => {
  await using whole = await openWholeGateway()
  const { access_token: bearer } = await whole.tokens()

  const bodies = [Buffer.from('x'), Buffer.alloc(0)]
  const statuses = await Promise.all(
    bodies.map(async body => {
      const reply = await post(`${whole.gateway.url}/v1/logs`, bearer, body, { 'content-type': 'text/plain' })
      return [reply.status, reply.headers.get('content-type')]
    }),
  )

  assert.deepEqual(statuses, [
    [200, 'application/x-protobuf'],
    [200, 'application/x-protobuf'],
  ])
})

test('who is not signed in exports nothing, and 16 MiB is the most', async () => {
  await using collector = await startCollector()
  await using whole = await openWith(collector)

  const stranger = await post(`${whole.gateway.url}/v1/metrics`, 'nobody', Buffer.from('x'), {})
  const large = await post(
    `${whole.gateway.url}/v1/metrics`,
    whole.bearer,
    Buffer.alloc(16 * 1024 * 1024 + 1),
    {},
  )

  assert.deepEqual([stranger.status, large.status, collector.exports.length], [401, 413, 0])
})
