// A store that failed is left alone for five seconds, and then asked again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { steadyClock } from '../../app/lib/clock.ts'
import { periodsAt } from '../../app/lib/periods.ts'
import { SpendReader } from '../../app/spend/spend-reader.ts'
import { SharedConnection } from '../../app/store/shared-connection.ts'
import { createDatabase } from '../support/postgres.ts'
import { SUNDAY } from '../support/standings.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/** A reader whose clock is ours, and whose way to the database counts who comes. */
async function open() {
  await using opening = new AsyncDisposableStack()
  const database = opening.use(await createDatabase())
  const proxy = opening.use(await startTcpProxy(database.tcpUrl))
  const pool = new pg.Pool({
    ...{ connectionString: proxy.through(database.tcpUrl), max: 1, pipeline: true },
  })
  const connection = new SharedConnection({ pool, deadlineMs: 60_000, clock: steadyClock })
  opening.defer(() => pool.end())
  opening.defer(() => connection.close())
  const time = { now: 0 }
  const asked = { count: 0 }
  const reader = new SpendReader({
    connection: {
      rows(statement) {
        asked.count += 1
        return connection.rows(statement)
      },
    },
    clock: () => time.now,
  })
  const opened = opening.move()
  return {
    ...{ proxy, time, asked },
    async read() {
      const reading = await reader.read({ sub: 'ada' }, periodsAt(SUNDAY))
      return reading.kind
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

test('after a failure nobody asks for five seconds, and everybody is told that nothing can be read', async () => {
  await using sut = await open()
  assert.equal(await sut.read(), 'read')
  sut.proxy.cut()

  const during = [await sut.read(), await sut.read()]
  sut.proxy.resume()
  sut.time.now += 4999
  during.push(await sut.read())
  assert.deepEqual([during, sut.asked.count], [['unreadable', 'unreadable', 'unreadable'], 2])
  sut.time.now += 1

  assert.deepEqual([await sut.read(), await sut.read(), sut.asked.count], ['read', 'read', 4])
})

test('those who asked together fail together, and nobody asks after them', async () => {
  await using sut = await open()
  sut.proxy.cut()

  const together = await Promise.all([sut.read(), sut.read(), sut.read()])

  assert.deepEqual([together, sut.asked.count], [['unreadable', 'unreadable', 'unreadable'], 3])
  assert.deepEqual([await sut.read(), sut.asked.count], ['unreadable', 3])
})
