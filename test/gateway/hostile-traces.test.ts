// What clients try with the gateway's own traces: to switch them on, to forge them, to write into them, to flood them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { startCollector } from '../support/collector.ts'
import { spansOf, tracing } from '../support/traced-gateway.ts'
import { ASK, askMessages, openWholeGateway } from '../support/whole-gateway.ts'

const FORGED = '4bf92f3577b34da6a3ce929d0e0e4736'
const FORGED_SPAN = '00f067aa0ba902b7'
const TRACEPARENT = `00-${FORGED}-${FORGED_SPAN}-01`

test('a sampled traceparent traces nothing that was not drawn', async () => {
  await using collector = await startCollector()
  const sections = tracing(collector, { trace_ratio: 0 }, { client_traceparent: 'link' })
  await using whole = await openWholeGateway({ sections })
  const { access_token } = await whole.tokens()

  const reply = await askMessages(whole.gateway.url, access_token, { headers: { traceparent: TRACEPARENT } })
  const spans = await spansOf(whole, collector)

  assert.equal(reply.status, 200)
  assert.deepEqual([spans, collector.connections], [[], 0])
})

test('a forged traceparent is no parent, is not mentioned by default, and reaches no upstream', async () => {
  await using collector = await startCollector()
  await using whole = await openWholeGateway({ sections: tracing(collector) })
  const { access_token } = await whole.tokens()
  const headers = { traceparent: TRACEPARENT, tracestate: 'vendor=forged', baggage: 'user=forged' }

  await askMessages(whole.gateway.url, access_token, { headers })
  const spans = await spansOf(whole, collector)

  const server = spans.find(({ name }) => name === 'POST /v1/messages')
  assert.ok(server)
  assert.deepEqual([server.parentId, server.links], ['', []])
  const exported = collector.exports.map(({ body }) => gunzipSync(body).toString('latin1')).join()
  const forged = [FORGED, FORGED_SPAN].map(id => Buffer.from(id, 'hex').toString('latin1'))
  for (const trace of [...forged, FORGED, 'vendor', 'forged']) assert.ok(!exported.includes(trace), trace)
  const [asked] = whole.upstreams[0]?.requests ?? []
  assert.ok(asked)
  const names = Object.keys(asked.headers).filter(name => /trace|baggage|b3|cloud|amzn/.test(name))
  const sent = `${JSON.stringify(asked)}${asked.body.toString()}`
  assert.deepEqual(names, [])
  for (const id of [FORGED, ...spans.flatMap(({ traceId, spanId }) => [traceId, spanId])])
    assert.ok(!sent.includes(id), id)
})

test('with client_traceparent: link a valid one is a link, under a trace of our own', async () => {
  await using collector = await startCollector()
  await using whole = await openWholeGateway({
    sections: tracing(collector, {}, { client_traceparent: 'link' }),
  })
  const { access_token } = await whole.tokens()

  for (const traceparent of [TRACEPARENT, `${TRACEPARENT}-more`])
    await askMessages(whole.gateway.url, access_token, { headers: { traceparent } })
  const spans = await spansOf(whole, collector)

  const servers = spans.filter(({ name }) => name === 'POST /v1/messages')
  assert.deepEqual(
    servers.map(({ links, parentId }) => [parentId, links]),
    [
      ['', [{ traceId: FORGED, spanId: FORGED_SPAN }]],
      ['', []],
    ],
  )
  assert.ok(spans.every(({ traceId }) => traceId !== FORGED))
})

test('no header, body, query or identity of a request is in what the collector gets', async () => {
  await using collector = await startCollector()
  await using whole = await openWholeGateway({
    sections: tracing(collector, { headers: { 'x-key': 'marked-key' } }, { client_traceparent: 'link' }),
  })
  const { access_token } = await whole.tokens()
  const marked = 'marked-by-the-client'
  const headers = {
    ...{ 'x-client-request-id': `${marked} not a plain word`, traceparent: marked, tracestate: marked },
    ...{ baggage: `k=${marked}`, 'x-app': marked, cookie: marked, 'user-agent': marked, referer: marked },
    ...{ 'x-cloud-trace-context': `${FORGED}/1;o=1`, 'x-forwarded-for': '203.0.113.7', [`x-${marked}`]: '1' },
  }
  const body = { ...ASK, model: `${marked}\u202e`, system: marked, metadata: { user_id: marked } }

  const unknown = await askMessages(whole.gateway.url, access_token, { headers, body })
  const served = await askMessages(whole.gateway.url, access_token, {
    headers,
    body: { ...body, model: ASK.model },
  })
  await whole.get(`/${marked}?${marked}`)
  await spansOf(whole, collector)

  assert.deepEqual([unknown.status, served.status], [400, 200])
  const exported = collector.exports.map(({ body: bytes }) => gunzipSync(bytes).toString('latin1')).join()
  assert.ok(exported.includes('POST /v1/messages'))
  const secrets = [marked, 'marked', '203.0.113.7', '127.0.0.1', 'example.com', access_token, FORGED]
  assert.deepEqual(
    secrets.filter(secret => exported.includes(secret)),
    [],
  )
})
