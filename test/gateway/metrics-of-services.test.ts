// What the metrics say of a dead collector, and at the end of a process.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCollector } from '../support/collector.ts'
import { decodeMetrics } from '../support/decoded-metrics.ts'
import { parseExposition } from '../support/exposition.ts'
import { freePort } from '../support/free-port.ts'
import { serveGateway } from '../support/gateway-process.ts'
import { startIdp } from '../support/idp.ts'
import { createDatabase } from '../support/postgres.ts'
import { openWholeGateway, type WholeGateway } from '../support/whole-gateway.ts'

const PROMETHEUS = { observability: { prometheus: { port: 0 } } }

async function linesOf({ gateway }: WholeGateway, pattern: RegExp): Promise<string[]> {
  const response = await fetch(`http://127.0.0.1:${gateway.services.ownTelemetry.metricsPort}/metrics`)
  const text = await response.text()
  parseExposition(text)
  return text.split('\n').filter(line => pattern.test(line))
}

test("every export of a client's that is lost is counted, by destination and reason", async () => {
  const dead = `http://127.0.0.1:${await freePort()}`
  await using whole = await openWholeGateway({
    sections: {
      telemetry: { forward_to: [{ url: dead }] },
      gatehouse: { ...PROMETHEUS, telemetry: { attempts: 1 } },
    },
  })
  const { access_token: bearer } = await whole.tokens()
  for (const [signal, type] of [
    ['metrics', 'application/x-protobuf'],
    ['metrics', 'application/json'],
    ['metrics', 'text/plain'],
    ['logs', 'application/json'],
  ] as const) {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': type }
    const reply = await fetch(`${whole.gateway.url}/v1/${signal}`, {
      method: 'POST',
      headers,
      body: 'twelve bytes',
    })
    assert.equal(reply.status, 200)
  }
  await whole.gateway.services.relay.stop(10_000) // nothing is under way any more

  const lines = await linesOf(whole, /^gatehouse_telemetry_/)

  assert.deepEqual(lines, [
    'gatehouse_telemetry_received_total{signal="metrics"} 3',
    'gatehouse_telemetry_received_total{signal="logs"} 1',
    'gatehouse_telemetry_received_total{signal="traces"} 0',
    'gatehouse_telemetry_received_bytes_total{signal="metrics"} 36',
    'gatehouse_telemetry_received_bytes_total{signal="logs"} 12',
    'gatehouse_telemetry_received_bytes_total{signal="traces"} 0',
    'gatehouse_telemetry_forwarded_total{destination="0:127.0.0.1",signal="metrics"} 0',
    'gatehouse_telemetry_dropped_total{destination="0:127.0.0.1",signal="metrics",reason="failed"} 2',
    'gatehouse_telemetry_dropped_total{destination="none",signal="metrics",reason="unsupported_type"} 1',
    'gatehouse_telemetry_dropped_total{destination="none",signal="logs",reason="no_destination"} 1',
    'gatehouse_telemetry_queue_bytes{destination="0:127.0.0.1"} 0',
    'gatehouse_telemetry_paused{destination="0:127.0.0.1"} 0',
  ])
})

test('a process that is told to end sends its last metrics first', async () => {
  await using database = await createDatabase()
  await using idp = await startIdp()
  await using collector = await startCollector()
  const port = await freePort()
  const sections = {
    gatehouse: { observability: { otlp: { url: collector.url }, resource_attributes: { team: 'platform' } } },
  }
  const place = { port, issuer: idp.issuer, databaseUrl: database.url, upstreamUrls: ['http://127.0.0.1:1'] }
  await using gateway = serveGateway({ ...place, sections })
  await gateway.line('ready')
  await fetch(`http://127.0.0.1:${port}/no/such/path`)

  gateway.signal('SIGTERM')
  const code = await gateway.exited

  assert.equal(code, 0)
  assert.equal(collector.exports.length, 1)
  const { resource, metrics } = decodeMetrics(collector.exports[0]?.body ?? Buffer.alloc(0))
  assert.deepEqual([resource['service.name'], resource['team']], ['gatehouse', 'platform'])
  const http = metrics.find(({ name }) => name === 'http.server.request.duration')
  assert.deepEqual(http?.points[0]?.attributes, {
    'http.request.method': 'GET',
    'http.route': 'unmatched',
    'http.response.status_code': 404,
  })
})
