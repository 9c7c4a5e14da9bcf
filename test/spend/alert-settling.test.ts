// From settled requests to events and a webhook: each share once, over replicas.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../app/audit/events.ts'
import { createAlerts } from '../../app/spend/alerts.ts'
import { Ledger } from '../../app/spend/ledger.ts'
import { openAlertRig, states } from '../support/alert-rig.ts'
import { startCollector } from '../support/collector.ts'
import { entry } from '../support/entries.ts'
import { createDatabase, replicaPool } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'
import { NOW, SHARES, setCap } from '../support/spent.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/** A replica with a ledger and a webhook of its own. */
function openReplica(database: string, url: string) {
  const pool = replicaPool(database, 4)
  const rig = openAlertRig({ pool, url })
  const events: AuditEvent[] = []
  const audit = { write: (event: AuditEvent) => void events.push(event) }
  const log = recordLog()
  const rules = { shares: SHARES, groupLimitMode: 'min' as const, clock: () => NOW }
  const alerts = createAlerts({ ...rules, audit, log, delivery: rig.delivery })
  const bounds = { maxEntries: 1000, settleTimeoutMs: 60_000 }
  const ledger = new Ledger({ ...{ pool, audit, log, alerts }, ...bounds, clock: () => 0, observer: null })
  return {
    ...{ ledger, events, log },
    async [Symbol.asyncDispose]() {
      await ledger.stop(0)
      await rig.delivery.look()
      await rig[Symbol.asyncDispose]()
      await pool.end()
    },
  }
}

test('fifty requests of two replicas are one event and one message per share', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector()
  await setCap(database.pool, { scope: 'user:ada', amount: 100 })
  await setCap(database.pool, { scope: 'rbac_group:eng', amount: null, pool: 400 })
  const events: AuditEvent[] = []
  const lines: string[] = []

  {
    await using first = openReplica(database.url, receiver.url)
    await using second = openReplica(database.url, receiver.url)
    const used = { sub: 'ada', groups: ['eng'], nano: 50_000_000n, at: NOW }
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? first : second).ledger.settle(entry(used))),
    )
    events.push(...first.events, ...second.events)
    lines.push(...first.log.lines, ...second.log.lines)
  }

  const told = events.map(event =>
    event.evt === 'spend.threshold' ? `${event.scope} ${event.fraction}` : event,
  )
  assert.deepEqual(told.toSorted(), ['pool 0.5', 'user 0.5', 'user 0.8', 'user 0.9', 'user 1'])
  const ids = events.map(event => 'alert_id' in event && event.alert_id)
  const sent = receiver.exports.map(({ headers }) => headers['gatehouse-alert-id'])
  assert.deepEqual(sent.toSorted(), ids.toSorted())
  assert.deepEqual(await states(database.pool), Array(5).fill('delivered 1'))
  assert.deepEqual(lines, [])
})

test('a settlement whose answer is lost is repeated, and its alert is still one event and one message', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector()
  await setCap(database.pool, { scope: 'user:ada', amount: 100 })
  await using proxy = await startTcpProxy(database.tcpUrl)
  const used = entry({ sub: 'ada', nano: 500_000_000n, at: NOW })
  const events: AuditEvent[] = []
  {
    await using replica = openReplica(proxy.through(database.tcpUrl), receiver.url)
    await replica.ledger.settle(entry({ at: NOW })) // on the connection that is cut below
    proxy.deafen()
    const settled = replica.ledger.settle(used)
    while ((await states(database.pool)).length === 0);
    proxy.cut()
    proxy.resume()
    await settled
    await replica.ledger.settle(used)
    events.push(...replica.events)
  }

  assert.deepEqual(
    events.map(({ evt }) => evt),
    ['spend.threshold'],
  )
  assert.equal(receiver.exports.length, 1)
})

test('an alert that cannot be raised delays no answer and loses no entry', async () => {
  await using database = await createDatabase()
  await using receiver = await startCollector()
  const { pool } = database
  await setCap(pool, { scope: 'user:ada', amount: 100 })
  await pool.query('alter table spend_alerts rename to hidden')
  await using replica = openReplica(database.url, receiver.url)

  await replica.ledger.settle(entry({ sub: 'ada', nano: 500_000_000n, at: NOW }))
  await pool.query('alter table hidden rename to spend_alerts')
  await replica.ledger.settle(entry({ sub: 'ada', nano: 1n, at: NOW }))

  const { rows } = await pool.query('select count(*)::int as entries from spend_entries')
  assert.deepEqual([rows, replica.events.length], [[{ entries: 2 }], 1])
  assert.deepEqual(replica.log.lines, [
    'warn alerts of spend cannot be raised {"cause":"relation \\"spend_alerts\\" does not exist"}',
    'info over: alerts of spend cannot be raised',
  ])
})
