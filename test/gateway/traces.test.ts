// The gateway's own traces from end to end: a terminal, a failover, a collector that decodes what it gets, the audit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Collector, startCollector } from '../support/collector.ts'
import { type DecodedSpan, decodeTraces } from '../support/decoded-traces.ts'
import { errorAnswer } from '../support/upstream.ts'
import { askMessages, openWholeGateway, polite, type WholeGateway } from '../support/whole-gateway.ts'

const observing = (collector: Collector, otlp: object = {}, rest: object = {}) => ({
  gatehouse: {
    observability: {
      otlp: { url: collector.url, metrics: false, traces: true, trace_ratio: 1, ...otlp },
      ...rest,
    },
  },
})

/** Everything that the collector got, once nothing waits any more. */
async function spansOf({ gateway }: WholeGateway, collector: Collector): Promise<DecodedSpan[]> {
  await gateway.services.ownTelemetry.stop(10_000)
  return collector.exports.flatMap(({ body }) => decodeTraces(body).spans)
}

test("a request is followed from the client's id through its attempts to the audit line", async () => {
  await using collector = await startCollector()
  const scripts = [() => errorAnswer(529, 'overloaded_error'), polite]
  await using whole = await openWholeGateway({ scripts, sections: observing(collector) })
  const { access_token } = await whole.tokens()

  const reply = await askMessages(whole.gateway.url, access_token, {
    headers: { 'x-client-request-id': 'from-the-client-7' },
  })
  const spans = await spansOf(whole, collector)

  assert.equal(reply.headers['request-id'], 'from-the-client-7')
  const server = spans.find(({ attributes }) => attributes['gatehouse.request_id'] === 'from-the-client-7')
  assert.ok(server)
  const { traceId, spanId } = server
  const events = whole.gateway.events.filter(({ evt }) => evt === 'inference')
  assert.deepEqual(
    events.map(event => 'request_id' in event && [event.request_id, event.trace_id]),
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
