// What the gateway says of itself where spend is watched: decisions as metrics, and the wait for them as a span.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCollector } from '../support/collector.ts'
import { openSpendGateway, watching } from '../support/spend-gateway.ts'
import { spansOf, tracing } from '../support/traced-gateway.ts'

async function samplesOf(port: number | null): Promise<string[]> {
  const page = await fetch(`http://127.0.0.1:${port}/metrics`)
  return (await page.text()).split('\n').filter(line => line.startsWith('gatehouse_spend_'))
}

test('each decision of the gate is a sample by its result; gate and settling are timed, and nothing waits', async () => {
  const sections = watching({}, { gatehouse: { observability: { prometheus: { port: 0 } } } })
  await using whole = await openSpendGateway({ sections })
  await whole.cap({ amount: 100 })
  const bearer = await whole.bearer()
  await whole.raw(bearer)
  await whole.spend({ monthly: '80' })
  await whole.raw(bearer)
  await whole.spend({ monthly: '100' })
  await whole.raw(bearer)

  const samples = await samplesOf(whole.gateway.services.ownTelemetry.metricsPort)

  assert.deepEqual(
    samples.filter(line => !/_bucket|_sum/.test(line)),
    [
      'gatehouse_spend_gate_total{result="allowed"} 1',
      'gatehouse_spend_gate_total{result="warning"} 1',
      'gatehouse_spend_gate_total{result="blocked"} 1',
      'gatehouse_spend_gate_duration_seconds_count 3',
      'gatehouse_spend_settle_duration_seconds_count 2',
      'gatehouse_spend_queue 0',
    ],
  )
})

test('the looks at spend before and after a request have spans of their own; a refused one has no second', async () => {
  await using collector = await startCollector()
  await using whole = await openSpendGateway({ sections: watching({}, tracing(collector)) })
  const bearer = await whole.bearer()
  await whole.raw(bearer)
  await whole.cap({ amount: 0 })
  await whole.raw(bearer)
  await whole.raw(bearer, { path: '/v1/messages/count_tokens' })

  const spans = await spansOf(whole, collector)

  const servers = spans.filter(({ parentId }) => parentId === '')
  assert.deepEqual(
    servers.map(({ spanId, attributes }) => [
      attributes['http.response.status_code'],
      ...spans.flatMap(({ name, parentId }) => (parentId === spanId ? [name] : [])),
    ]),
    [
      [200, 'auth.verify', 'spend.gate', 'upstream.attempt', 'spend.settle'],
      [429, 'auth.verify', 'spend.gate'],
      [200, 'auth.verify', 'upstream.attempt'],
    ],
  )
})
