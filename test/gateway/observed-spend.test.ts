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
    samples.filter(line => !/_bucket|_sum|_alerts/.test(line)),
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

test('the metric of cost is what the entries add up to', async () => {
  const sections = watching({}, { gatehouse: { observability: { prometheus: { port: 0 } } } })
  await using whole = await openSpendGateway({ sections })
  const [ada, eve] = [await whole.bearer(), await whole.bearer({ sub: 'eve' })]
  await Promise.all([ada, eve, ada, eve, ada].map(bearer => whole.raw(bearer)))

  const page = await fetch(`http://127.0.0.1:${whole.gateway.services.ownTelemetry.metricsPort}/metrics`)
  const shown = /^gatehouse_inference_cost_usd_total\{.*\} (\S+)$/m.exec(await page.text())?.[1]

  const { rows } = await whole.database.pool.query(
    `select count(*)::int as entries, sum(nano_usd)::text as nano from spend_entries`,
  )
  const [{ entries, nano }] = rows
  assert.equal(entries, 5)
  assert.equal(Number(shown), Number(nano) / 1e9)
})

test('a replica that watches spend opens no more than store.max_connections connections, and one for probes', async () => {
  await using whole = await openSpendGateway()
  const bearer = await whole.bearer()
  await Promise.all(Array.from({ length: 100 }, () => whole.raw(bearer)))
  await fetch(`${whole.gateway.url}/readyz`)

  const { rows } = await whole.database.pool.query(
    `select count(*)::int as connections from pg_stat_activity
      where datname = current_database() and application_name = 'gatehouse'`,
  )

  const [{ connections }] = rows
  assert.ok(connections >= 3 && connections <= 6, String(connections))
})
