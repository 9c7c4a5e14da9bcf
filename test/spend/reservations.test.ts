// How reservations travel to the store: those of one moment together, and none after a failure.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { steadyClock } from '../../app/lib/clock.ts'
import { Reservations } from '../../app/spend/reservations.ts'
import { SharedConnection } from '../../app/store/shared-connection.ts'
import { settleSpend } from '../../app/store/spend-entries.ts'
import { createDatabase } from '../support/postgres.ts'
import { heldCents, requestOf, setCaps } from '../support/spend-tables.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/** One replica's reservations, whose way to the database counts what is sent. */
async function open({ deadlineMs = 60_000 } = {}) {
  await using opening = new AsyncDisposableStack()
  const database = opening.use(await createDatabase())
  const proxy = opening.use(await startTcpProxy(database.tcpUrl))
  const pool = new pg.Pool({
    ...{ connectionString: proxy.through(database.tcpUrl), max: 1, pipeline: true },
  })
  const connection = new SharedConnection({ pool, deadlineMs: 60_000, clock: steadyClock })
  opening.defer(() => pool.end())
  opening.defer(() => connection.close())
  const sent = { count: 0 }
  const reservations = new Reservations({
    ...{ groupLimitMode: 'min', deadlineMs },
    connection: {
      rows(statement) {
        sent.count += 1
        return connection.rows(statement)
      },
    },
  })
  const opened = opening.move()
  return {
    ...{ database, proxy, sent },
    async take(cents = 1) {
      const { lacking } = await reservations.take(requestOf({ cents }))
      return lacking === null
    },
    async holds() {
      const { rows } = await database.pool.query<{ entry_id: string }>('select entry_id from spend_holds')
      return rows.map(({ entry_id }) => entry_id)
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

test('what is asked for while a statement is under way leaves with the next one, two hundred at a time', async () => {
  await using sut = await open()
  await setCaps(sut.database.pool, { scope: 'organization', cents: 250 })

  const taken = await Promise.all(Array.from({ length: 300 }, () => sut.take()))

  assert.deepEqual(
    taken.map((isTaken, index) => isTaken === index < 250),
    taken.map(() => true),
  )
  assert.equal(sut.sent.count, 3)
})

test('a reservation whose answer is lost rejects; what it holds is given back with its id', async () => {
  await using sut = await open()
  await sut.take()
  const before = await sut.holds()

  sut.proxy.deafen()
  const lost = assert.rejects(sut.take(3))
  while ((await sut.holds()).length < 2);
  sut.proxy.cut()
  await lost

  const released = (await sut.holds()).filter(entryId => !before.includes(entryId))
  await settleSpend(sut.database.pool, { entries: '[]', released })
  assert.equal((await heldCents(sut.database.pool))['ada 2026-11'], 1)
})

test('whoever waits behind a statement that fails fails with it, and is not sent', async () => {
  await using sut = await open()
  await sut.take()

  sut.proxy.deafen()
  const waiting = [sut.take(), sut.take(), sut.take()].map(one => assert.rejects(one))
  while ((await sut.holds()).length < 2);
  sut.proxy.cut()
  await Promise.all(waiting)
  sut.proxy.resume()

  assert.deepEqual([await sut.take(), sut.sent.count, (await sut.holds()).length], [true, 3, 3])
})

test('whoever waits too long for the statements before is not sent any more', async () => {
  await using sut = await open({ deadlineMs: 300 })
  await sut.take()
  const locking = await sut.database.pool.connect()
  await locking.query('begin')
  await locking.query('select from spend for update')

  const late = [sut.take(), sut.take()].map(one => assert.rejects(one, { name: 'DeadlineExceeded' }))
  await Promise.all(late)
  await locking.query('rollback')
  locking.release()

  while ((await sut.holds()).length < 2);
  assert.deepEqual([await sut.take(), sut.sent.count, (await sut.holds()).length], [true, 3, 3])
})
