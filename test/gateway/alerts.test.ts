// A request that reaches a share of a cap, in a whole gateway: the event, the message, the metrics, and no secret.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answering, startCollector } from '../support/collector.ts'
import { openSpendGateway, watching } from '../support/spend-gateway.ts'

const SECRET = 'marked-alert-secret-0123456789-abcdef'

test('whoever comes to half of their cap is an event, a message to the webhook, and two samples', async () => {
  await using receiver = await startCollector(answering('204 No Content'))
  const alert_webhook = { url: `${receiver.url}/marked-path`, secret: SECRET }
  const gatehouse = { spend: { alert_webhook }, observability: { prometheus: { port: 0 } } }
  await using whole = await openSpendGateway({ sections: watching({}, { gatehouse }) })
  await whole.cap({ amount: 100 })
  await whole.spend({ monthly: '49.9999' })

  const answer = await whole.raw(await whole.bearer())
  const [sent] = await receiver.received(1)
  await whole.gateway.services.alertDelivery?.look()

  assert.match(answer, /^HTTP\/1.1 200 /)
  const { id, period_to_date_spend: spent, ...told } = JSON.parse(sent?.body.toString() ?? '{}')
  assert.deepEqual(
    { ...told, created_at: '' },
    {
      ...{
        type: 'spend.threshold',
        created_at: '',
        scope: { type: 'user', user_id: 'ada' },
        fraction: '0.5',
      },
      ...{ period: 'monthly', period_key: '2026-11', amount: '100', currency: 'USD' },
    },
  )
  assert.match(spent, /^50(\.\d+)?$/)
  const events = whole.gateway.events.filter(({ evt }) => evt === 'spend.threshold')
  assert.deepEqual(events, [
    {
      ...{ evt: 'spend.threshold', scope: 'user', period: 'monthly', period_key: '2026-11', fraction: '0.5' },
      ...{ cap_cents: '100', sub: 'ada', alert_id: id },
    },
  ])
  const page = await fetch(`http://127.0.0.1:${whole.gateway.services.ownTelemetry.metricsPort}/metrics`)
  const samples = (await page.text()).split('\n').filter(line => line.startsWith('gatehouse_spend_alert'))
  assert.deepEqual(samples, [
    'gatehouse_spend_alerts_total{scope="user",fraction="0.5"} 1',
    'gatehouse_spend_alert_deliveries_total{result="delivered"} 1',
    'gatehouse_spend_alert_deliveries_total{result="failed"} 0',
    'gatehouse_spend_alert_deliveries_total{result="given_up"} 0',
  ])
  assert.ok(!/marked-(path|alert)/.test(JSON.stringify([whole.gateway.events, whole.gateway.lines])))
})

test('with an empty list of shares, and without a webhook, nothing is sent and nothing waits', async () => {
  await using silent = await openSpendGateway({
    sections: watching({}, { gatehouse: { spend: { alerts: [] } } }),
  })
  await using audited = await openSpendGateway()
  for (const whole of [silent, audited]) {
    await whole.cap({ amount: 100 })
    await whole.spend({ monthly: '99' })
    await whole.raw(await whole.bearer())
    await whole.gateway.services.recording?.stop(10_000)
  }

  const due = 'select share::text, due_at from spend_alerts order by share'
  const thresholds = [silent, audited].map(whole =>
    whole.gateway.events.flatMap(event => (event.evt === 'spend.threshold' ? [event.fraction] : [])),
  )
  assert.deepEqual(thresholds, [[], ['0.5', '0.8', '0.9']])
  assert.deepEqual((await silent.database.pool.query(due)).rows, [])
  assert.deepEqual(
    (await audited.database.pool.query(due)).rows,
    ['0.5', '0.8', '0.9'].map(share => ({ share, due_at: null })),
  )
})
