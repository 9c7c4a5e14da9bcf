// The gateway's own traces from end to end: a terminal, a failover, a collector that decodes what it gets, the audit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { startCollector } from '../support/collector.ts'
import { decodeTraces } from '../support/decoded-traces.ts'
import { spansOf, tracing } from '../support/traced-gateway.ts'
import { errorAnswer } from '../support/upstream.ts'
import { askMessages, openWholeGateway, polite } from '../support/whole-gateway.ts'

test("a request is followed from the client's id through its attempts to the audit line", async () => {
  await using collector = await startCollector()
  const scripts = [() => errorAnswer(529, 'overloaded_error'), polite]
  await using whole = await openWholeGateway({ scripts, sections: tracing(collector) })
  const { access_token } = await whole.tokens()

  const reply = await askMessages(whole.gateway.url, access_token, {
    headers: { 'x-client-request-id': 'from-the-client-7' },
  })
  const spans = await spansOf(whole, collector)

  assert.equal(reply.headers['request-id'], 'from-the-client-7')
  const server = spans.find(({ attributes }) => attributes['gatehouse.request_id'] === 'from-the-client-7')
  assert.ok(server)
  const { traceId, spanId } = server
  const events = whole.gateway.events.filter(event => event.evt === 'inference')
  assert.deepEqual(
    events.map(event => [event.request_id, event.trace_id]),
    [['from-the-client-7', traceId]],
  )
  const warning = whole.gateway.lines.find(line => line.includes('upstream-1 failed'))
  assert.ok(warning?.includes(`"trace_id":"${traceId}"`))
  const children = spans.filter(({ parentId }) => parentId === spanId)
  assert.ok(children.every(child => child.traceId === traceId))
  assert.deepEqual(
    children.map(({ name, kind, attributes, status }) => ({ name, kind, status, ...attributes })),
    [
      { name: 'auth.verify', kind: 1, status: 0 },
      {
        ...{ name: 'upstream.attempt', kind: 3, status: 2, 'error.type': '5xx', 'gatehouse.attempt': 1 },
        ...{ 'gatehouse.upstream': 'upstream-1', 'gen_ai.provider.name': 'anthropic' },
        'gen_ai.request.model': 'claude-sonnet-5',
      },
      {
        ...{ name: 'upstream.attempt', kind: 3, status: 0, 'gatehouse.attempt': 2 },
        ...{ 'gatehouse.upstream': 'upstream-2', 'gen_ai.provider.name': 'anthropic' },
        'gen_ai.request.model': 'claude-sonnet-5',
      },
    ],
  )
  assert.deepEqual(server.attributes, {
    'http.request.method': 'POST',
    'http.route': '/v1/messages',
    'http.response.status_code': 200,
    'gatehouse.request_id': 'from-the-client-7',
    'gatehouse.outcome': 'complete',
    'gatehouse.upstream': 'upstream-2',
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.request.model': 'claude-sonnet-5',
    'gen_ai.response.model': 'claude-sonnet-5',
    'gen_ai.usage.input_tokens': 11,
    'gen_ai.usage.output_tokens': 5,
  })
  assert.deepEqual(
    [server.name, server.kind, server.parentId, server.status],
    ['POST /v1/messages', 2, '', 0],
  )
  assert.deepEqual(
    server.events.map(({ name }) => name),
    ['failover', 'first_byte'],
  )
  const times = [server, ...children].flatMap(({ start, end }) => [start, end])
  assert.ok(times.every(time => time >= server.start && time <= server.end))
})

test('any other route is one span, and so is a request that was refused before its sender was known', async () => {
  await using collector = await startCollector()
  await using whole = await openWholeGateway({ sections: tracing(collector) })

  await whole.get('/protocol?secret=1')
  await whole.get('/nowhere')
  await whole.get('/%zz')
  await whole.ask('no-bearer-of-ours')
  const spans = await spansOf(whole, collector)

  assert.deepEqual(
    spans.map(({ name, kind, parentId, status, attributes, events }) => {
      const { 'gatehouse.request_id': requestId, ...others } = attributes
      assert.match(String(requestId), /^[0-9a-f-]{36}$/)
      return [name, kind, parentId, status, events, others]
    }),
    [
      ['GET /protocol', 2, '', 0, [], plain('GET', '/protocol', 200)],
      ['GET', 2, '', 0, [], plain('GET', 'unmatched', 404)],
      ['GET', 2, '', 0, [], plain('GET', 'unmatched', 404)],
      ['POST /v1/messages', 2, '', 0, [], plain('POST', '/v1/messages', 401)],
    ],
  )
  const denied = whole.gateway.events.find(({ evt }) => evt === 'auth.denied')
  assert.ok(denied && 'trace_id' in denied)
  assert.equal(denied.trace_id, spans[3]?.traceId)
})

function plain(method: string, route: string, status: number) {
  return { 'http.request.method': method, 'http.route': route, 'http.response.status_code': status }
}

test('every export says which service it is from, which version and which process', async () => {
  await using collector = await startCollector()
  const more = { resource_attributes: { 'gcp.project_id': 'p-1' } }
  await using whole = await openWholeGateway({ sections: tracing(collector, {}, more) })

  await whole.get('/healthz')
  await spansOf(whole, collector)

  const [received] = collector.exports
  assert.ok(received)
  const { resource, scope } = decodeTraces(received.body)
  const { 'service.instance.id': instance, ...others } = resource
  assert.match(String(instance), /^[0-9a-f-]{36}$/)
  assert.deepEqual(others, {
    'gcp.project_id': 'p-1',
    'service.name': 'gatehouse',
    'service.version': '0.0.0-test',
  })
  assert.equal(scope, 'gatehouse 0.0.0-test')
  assert.deepEqual([received.path, received.headers['content-encoding']], ['/v1/traces', 'gzip'])
})

test('metrics and traces are told of the same requests, and go to the same collector', async () => {
  await using collector = await startCollector()
  await using whole = await openWholeGateway({ sections: tracing(collector, { metrics: true }) })
  const { access_token } = await whole.tokens()

  await whole.ask(access_token)
  const spans = await spansOf(whole, collector)

  assert.deepEqual(new Set(collector.exports.map(({ path }) => path)), new Set(['/v1/traces', '/v1/metrics']))
  assert.ok(spans.some(({ name }) => name === 'upstream.attempt'))
  const metrics = collector.exports.filter(({ path }) => path === '/v1/metrics')
  const names = metrics.map(({ body }) => gunzipSync(body).toString('latin1')).join()
  for (const name of ['gatehouse.inference.requests', 'http.server.request.duration'])
    assert.ok(names.includes(name), name)
})

test('a request that is not traced has no trace id anywhere, and nothing is sent', async () => {
  await using collector = await startCollector()
  const scripts = [() => errorAnswer(529, 'overloaded_error'), polite]
  await using whole = await openWholeGateway({ scripts, sections: tracing(collector, { trace_ratio: 0 }) })
  const { access_token } = await whole.tokens()

  const reply = await whole.ask(access_token)
  const spans = await spansOf(whole, collector)

  assert.equal(reply.status, 200)
  assert.deepEqual([spans, collector.connections], [[], 0])
  assert.ok(!JSON.stringify([whole.gateway.events, whole.gateway.lines]).includes('trace_id'))
})
