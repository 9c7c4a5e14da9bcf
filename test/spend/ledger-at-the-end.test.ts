// What a process writes down that ends with much in its queue: more than its log holds at one time (M-35).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAudit } from '../../app/audit/log.ts'
import { createLineWriter } from '../../app/lib/line-writer.ts'
import { Ledger } from '../../app/spend/ledger.ts'
import { entry } from '../support/entries.ts'
import { createDatabase, replicaPool } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const GROUPS = Array.from({ length: 40 }, (_, index) => `department-${index}@example.com`)
const ENTRIES = 10_000

/** A ledger without its store, whose audit goes to a reader that takes each write or none. */
async function openLedger({ isRead }: { isRead: boolean }) {
  const database = await createDatabase()
  const proxy = await startTcpProxy(database.tcpUrl)
  const pool = replicaPool(proxy.through(database.tcpUrl), 1)
  const written: Buffer[] = []
  const sink = {
    write(chunk: Buffer, done: () => void) {
      written.push(chunk)
      if (isRead) setImmediate(done)
    },
  }
  const writer = createLineWriter({ sink, clock: () => 0 })
  const audit = createAudit({ writer, clock: () => 0 })
  const alarms = new Map<number, () => void>()
  const ledger = new Ledger({
    ...{ pool, audit, log: recordLog(), clock: () => 0, observer: null },
    ...{ maxEntries: ENTRIES, settleTimeoutMs: 0, auditWritten: () => audit.flush() },
    after: (ms, action) => {
      alarms.set(ms, action)
      return () => void alarms.delete(ms)
    },
  })
  proxy.cut()
  for (let count = 0; count < ENTRIES; count += 1) ledger.settle(entry({ groups: GROUPS }))
  return {
    ...{ ledger, audit, alarms },
    /** The ids of the entries whose lines were taken, once all were that wait. */
    async written() {
      await audit.flush()
      const lines = Buffer.concat(written).toString('utf8').trimEnd().split('\n')
      return new Set(lines.map(line => String(JSON.parse(line).entry_id)))
    },
    async [Symbol.asyncDispose]() {
      audit.close()
      await pool.end()
      await proxy[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

test('a full queue is written to the log whole, although it is more than the log holds at one time', async () => {
  await using sut = await openLedger({ isRead: true })

  await sut.ledger.stop(10)

  assert.deepEqual([(await sut.written()).size, sut.audit.dropped, sut.alarms.size], [ENTRIES, 0, 0])
})

test('a log that nobody reads is not waited for longer than its share of the time', async () => {
  await using sut = await openLedger({ isRead: false })

  const stopped = sut.ledger.stop(10)
  while (!sut.alarms.has(3)) await new Promise(setImmediate)
  const before = sut.audit.dropped
  sut.alarms.get(3)?.()
  await stopped

  assert.equal(before, 0)
  assert.ok(sut.audit.dropped > 0 && sut.audit.dropped < ENTRIES)
  assert.equal(sut.ledger.length, 0)
})
