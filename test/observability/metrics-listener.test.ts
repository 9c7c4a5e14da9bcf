// The listener of the metrics, byte by byte: who gets the page, and what everybody else gets (T-27, T-28).
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { createCollection } from '../../app/observability/collection.ts'
import { openMetricsListener } from '../../app/observability/metrics-listener.ts'
import { createMetricsPage } from '../../app/observability/metrics-page.ts'
import { createMeasurements } from '../../app/observability/series.ts'
import { exchange, parseAnswer, received } from '../support/raw-http.ts'
import { recordLog } from '../support/recorded-log.ts'

const BEARER = 'scraper-0123456789-0123456789-0123456789'
const TEXT = 'text/plain; version=0.0.4; charset=utf-8'

async function open({ bearer = null as string | null, source = () => {} } = {}) {
  const log = recordLog()
  const time = { now: 0 }
  const clock = () => time.now
  const measurements = createMeasurements(log)
  const denied = measurements.amounts('gatehouse.auth.denied').of('expired')
  const collect = createCollection({ measurements, sources: [source], log })
  const page = createMetricsPage({ collect, resource: { 'service.name': 'gatehouse' }, bearer, clock })
  const listener = await openMetricsListener({
    page,
    host: '127.0.0.1',
    port: 0,
    path: '/metrics',
    log,
    clock,
  })
  return {
    ...{ log, time, denied, port: listener.port },
    ask: async (head: string) => parseAnswer(await exchange(listener.port, `${head}\r\nhost: x\r\n\r\n`)),
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  }
}

test('GET of the page is answered with its type, and nothing else is served', async () => {
  await using metrics = await open()

  const page = await metrics.ask('GET /metrics?collect[]=x HTTP/1.1')
  const others = await Promise.all(
    ['GET / HTTP/1.1', 'GET /metrics/ HTTP/1.1', 'GET /v1/messages HTTP/1.1', 'POST /metrics HTTP/1.1'].map(
      head => metrics.ask(head),
    ),
  )

  const { date: _, 'x-request-id': id, 'content-length': length, ...headers } = page.headers
  assert.deepEqual([page.status, page.body.length], [200, Number(length)])
  assert.match(id ?? '', /^[0-9a-f-]{36}$/)
  assert.deepEqual(headers, {
    ...{ 'content-type': TEXT, 'cache-control': 'no-store', connection: 'keep-alive' },
    'keep-alive': 'timeout=620',
    ...{ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' },
    'cross-origin-opener-policy': 'same-origin',
  })
  assert.ok(page.body.includes('gatehouse_auth_denied_total{reason="expired"} 0\n'))
  assert.deepEqual(
    others.map(({ status, body, headers }) => [status, body, headers['allow']]),
    [
      [404, '', undefined],
      [404, '', undefined],
      [404, '', undefined],
      [405, '', 'GET'],
    ],
  )
})

test('without the bearer, with a wrong one, or with two: 401 and not a word, whatever was asked for', async () => {
  await using metrics = await open({ bearer: BEARER })
  const heads = [
    'GET /metrics HTTP/1.1',
    `GET /metrics?bearer=${BEARER} HTTP/1.1`,
    `GET /metrics HTTP/1.1\r\nauthorization: Bearer ${BEARER}x`,
    `GET /metrics HTTP/1.1\r\nauthorization: Bearer ${BEARER.slice(0, -1)}`,
    `GET /metrics HTTP/1.1\r\nauthorization: bearer ${BEARER}`,
    `GET /metrics HTTP/1.1\r\nauthorization: ${BEARER}`,
    `GET /metrics HTTP/1.1\r\nauthorization: Bearer ${BEARER}\r\nauthorization: Bearer ${BEARER}`,
    'GET /nothing HTTP/1.1',
    'DELETE /metrics HTTP/1.1',
  ]

  const answers = await Promise.all(heads.map(head => metrics.ask(head)))
  const admitted = await metrics.ask(`GET /metrics HTTP/1.1\r\nauthorization: Bearer ${BEARER}`)

  for (const { status, body, headers } of answers)
    assert.deepEqual(
      [status, body, headers['content-length'], headers['www-authenticate']],
      [401, '', '0', 'Bearer'],
    )
  assert.equal(admitted.status, 200)
})

test('a scrape within a second gets the same text, a later one a new text', async () => {
  await using metrics = await open()
  const counts: (string | undefined)[] = []
  for (const now of [0, 999, 1000]) {
    metrics.time.now = now
    const { body } = await metrics.ask('GET /metrics HTTP/1.1')
    counts.push(/expired"} (\d+)/.exec(body)?.[1])
    metrics.denied.add(1)
  }

  assert.deepEqual(counts, ['0', '0', '2'])
})

test('scrapes that come while the text is made wait for that one', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const time = { now: 0 }
  let collections = 0
  const collect = async () => {
    collections += 1
    await held
    return []
  }
  const page = createMetricsPage({ collect, resource: {}, bearer: null, clock: () => time.now })

  const first = page.text()
  time.now = 60_000
  const second = page.text()
  release()

  assert.equal(await first, await second)
  assert.equal(collections, 1)
})

test('headers beyond 16 KiB are refused, and a body is neither read nor taken for a request', async () => {
  await using metrics = await open()
  const long = `GET /metrics HTTP/1.1\r\nx: ${'a'.repeat(17 * 1024)}\r\nhost: x\r\n\r\n`
  const smuggled = 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'
  const withBody = `POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: ${smuggled.length}\r\n\r\n${smuggled}`
  const socket = connect(metrics.port, '127.0.0.1')
  socket.write(withBody)

  const refused = parseAnswer(await exchange(metrics.port, long))
  const answered = await received(socket)

  assert.equal(refused.status, 431)
  assert.equal(answered.match(/HTTP\/1\.1/g)?.length, 1)
  assert.equal(parseAnswer(answered).status, 405)
})

test('a source that fails leaves the rest as it is, and is told', async () => {
  await using metrics = await open({
    source: () => {
      throw new Error('no such table')
    },
  })

  const { status } = await metrics.ask('GET /metrics HTTP/1.1')

  assert.equal(status, 200)
  assert.deepEqual(metrics.log.lines, ['error a source of metrics failed {"cause":"Error: no such table"}'])
})

test('a port that is taken is a sentence for the operator', async () => {
  await using metrics = await open()
  const { port } = metrics
  const log = recordLog()
  const clock = () => 0
  const collect = async () => []
  const page = createMetricsPage({ collect, resource: {}, bearer: null, clock })

  await assert.rejects(openMetricsListener({ page, host: '127.0.0.1', port, path: '/metrics', log, clock }), {
    message: `gatehouse.observability.prometheus: cannot listen on 127.0.0.1:${port} (EADDRINUSE)`,
  })
})
