// When an answer may end, and what becomes of entries that the store does not take (M-33 to M-35).
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { AuditEvent } from '../../app/audit/events.ts'
import type { Entry } from '../../app/spend/entry.ts'
import { Ledger, type LedgerOptions } from '../../app/spend/ledger.ts'
import { allOf, entry, totals } from '../support/entries.ts'
import { manualAlarms } from '../support/manual-alarms.ts'
import { createDatabase, replicaPool } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

async function openLedger(options: Partial<LedgerOptions> = {}) {
  const database = await createDatabase()
  const proxy = await startTcpProxy(database.tcpUrl)
  const pool = replicaPool(proxy.through(database.tcpUrl), 2)
  const alarms = manualAlarms()
  const log = recordLog()
  const events: AuditEvent[] = []
  const told: (string | number)[] = []
  const ledger = new Ledger({
    ...{ pool, log, after: alarms.after, clock: () => 0, maxEntries: 5, settleTimeoutMs: 250 },
    audit: { write: event => void events.push(event) },
    observer: {
      settled: entries => void told.push(entries),
      unsettled: reason => void told.push(reason),
    },
    ...options,
  })
  return {
    ...{ ledger, alarms, log, events, told, proxy, database },
    /** Once the ledger has met the outage, and pauses. */
    async failing() {
      while (!alarms.waits().some(ms => ms !== 250)) await new Promise(setImmediate)
    },
    async drained() {
      while (ledger.length > 0) await new Promise(setImmediate)
    },
    async [Symbol.asyncDispose]() {
      await ledger.stop(0)
      await pool.end()
      await proxy[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

test('an answer may end when its entry is stored, and nobody waits any more', async () => {
  await using sut = await openLedger()

  await sut.ledger.settle(entry())

  assert.deepEqual(await totals(sut.database.pool), allOf(100n))
  assert.deepEqual([sut.told, sut.alarms.waits(), sut.log.lines], [[1], [], []])
})

test('what comes while a statement runs is stored together by the next one, at most 500 at a time', async () => {
  await using sut = await openLedger({ maxEntries: 2000 })

  await Promise.all(Array.from({ length: 1201 }, () => sut.ledger.settle(entry())))

  assert.deepEqual(sut.told, [1, 500, 500, 200])
  assert.deepEqual(await totals(sut.database.pool), allOf(120_100n))
})

test('with a timeout of 0 no answer waits, and everything is stored all the same', async () => {
  await using sut = await openLedger({ settleTimeoutMs: 0 })

  const waits = [sut.ledger.settle(entry()), sut.ledger.settle(entry())]
  await sut.drained()

  assert.deepEqual(
    [waits, sut.told],
    [
      [null, null],
      [1, 1],
    ],
  )
  assert.deepEqual(await totals(sut.database.pool), allOf(200n))
})

test('a store that takes too long lets the answer end, and the entry is stored later', async () => {
  await using sut = await openLedger()
  sut.proxy.pause()

  const wait = sut.ledger.settle(entry())
  sut.alarms.ring(250)
  await wait
  const told = [...sut.told]
  sut.proxy.resume()
  await sut.drained()

  assert.deepEqual([told, sut.told], [['late'], ['late', 1]])
  assert.deepEqual(await totals(sut.database.pool), allOf(100n))
})

test('while the store is down no answer waits, pauses grow, and everything is stored when it is back', async () => {
  await using sut = await openLedger()
  sut.proxy.cut()

  const first = sut.ledger.settle(entry())
  await sut.failing()
  sut.alarms.ring(250)
  await first
  const later = sut.ledger.settle(entry())
  const pauses: number[] = []
  for (let times = 0; times < 12; times += 1) {
    const [ms = 0] = sut.alarms.waits()
    pauses.push(ms)
    sut.alarms.ring(ms)
    await sut.failing()
  }
  sut.proxy.resume()
  sut.alarms.ring(30_000)
  await sut.drained()

  assert.equal(later, null)
  const grown = [50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]
  assert.deepEqual([pauses, sut.told], [grown, ['store_down', 'store_down', 2]])
  assert.deepEqual(await totals(sut.database.pool), allOf(200n))
  assert.match(
    sut.log.lines[0] ?? '',
    /^warn the store does not take what requests used \{"cause":".+","waiting":1\}$/,
  )
  assert.equal(sut.log.lines.at(-1), 'info over: the store does not take what requests used (12 more times)')
})

test('once a second an answer asks whether the store is back, and from then on answers wait again', async () => {
  let now = 0
  await using sut = await openLedger({ clock: () => now })
  sut.proxy.cut()
  void sut.ledger.settle(entry())
  await sut.failing()
  sut.proxy.resume()

  now = 999
  const tooSoon = sut.ledger.settle(entry())
  now = 1000
  const asking = sut.ledger.settle(entry())
  await asking
  const waiting = sut.ledger.settle(entry())
  await waiting

  assert.deepEqual([tooSoon, asking instanceof Promise, waiting instanceof Promise], [null, true, true])
  assert.deepEqual(await totals(sut.database.pool), allOf(400n))
  assert.deepEqual(sut.told, ['store_down', 2, 1, 1])
})

test('a full queue writes the whole entry to the audit, and keeps what it has', async () => {
  await using sut = await openLedger()
  sut.proxy.cut()
  void sut.ledger.settle(entry())
  await sut.failing()

  for (let count = 0; count < 4; count += 1) sut.ledger.settle(entry())
  const lost = entry({ groups: ['eng'] })
  const wait = sut.ledger.settle(lost)

  assert.deepEqual([wait, sut.ledger.length], [null, 5])
  assert.deepEqual(sut.events, [{ evt: 'spend.unsettled', reason: 'queue_full', ...lost }])
  assert.deepEqual(sut.told.at(-1), 'queue_full')
})

test('an entry that the store refuses does not keep the others out, and goes to the audit', async () => {
  await using sut = await openLedger({ maxEntries: 100 })
  const impossible = entry({ changes: { nano_usd: '9223372036854775808' } })
  const longerThanAKey = entry({ changes: { model: randomBytes(4000).toString('hex') } })
  const others = Array.from({ length: 30 }, () => entry())
  const made = [entry(), entry(), impossible, ...others, longerThanAKey]

  await Promise.all(made.map(one => sut.ledger.settle(one)))

  assert.deepEqual(await totals(sut.database.pool), allOf(3200n))
  assert.deepEqual(
    sut.events,
    [impossible, longerThanAKey].map(one => ({ evt: 'spend.unsettled', reason: 'refused', ...one })),
  )
  assert.deepEqual(sut.log.lines.slice(0, 1), [
    `error the store refuses an entry of spend ${JSON.stringify({
      cause: 'value "9223372036854775808" is out of range for type bigint',
      entry_id: impossible.entry_id,
    })}`,
  ])
})

test('a process that ends stores what it can, and writes the rest to the audit; so it does with what comes later', async () => {
  await using sut = await openLedger()
  const [kept, lost, late] = [entry(), entry(), entry()]
  void sut.ledger.settle(kept)
  await sut.drained()
  sut.proxy.cut()
  const wait = sut.ledger.settle(lost)
  await sut.failing()

  await sut.ledger.stop(1)
  await wait
  const after = sut.ledger.settle(late)

  const written = (one: Entry) => ({ evt: 'spend.unsettled', reason: 'shutdown', ...one })
  assert.deepEqual([after, sut.events], [null, [written(lost), written(late)]])
  assert.deepEqual([sut.alarms.waits(), sut.ledger.length], [[], 0])
  assert.deepEqual(await totals(sut.database.pool), allOf(100n))
})

test('the end of a process does not wait out a long pause: a store that is back gets everything', async () => {
  await using sut = await openLedger()
  sut.proxy.cut()
  void sut.ledger.settle(entry())
  await sut.failing()

  sut.proxy.resume()
  await sut.ledger.stop(60_000)

  assert.deepEqual(sut.events, [])
  assert.deepEqual(await totals(sut.database.pool), allOf(100n))
})

test('a request that used nothing gives its hold back', async () => {
  await using sut = await openLedger()
  const { pool } = sut.database
  const { entry_id } = entry()
  await pool.query(`insert into spend_holds values ($1, 'dev', '{}', '{}', 30, now())`, [entry_id])

  sut.ledger.release(entry_id)
  await sut.ledger.stop(60_000)

  assert.deepEqual((await pool.query(`select from spend_holds`)).rowCount, 0)
})
