// What limits of spend want of the database before the gateway listens.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examineSpend } from '../../app/store/spend-at-boot.ts'
import { createDatabase } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'

const METERED = { isMetered: true, isLoadTest: false }

test('a load test is refused where somebody has spent something; rows of nothing do not count', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const examine = (isLoadTest: boolean) =>
    examineSpend(pool, { isMetered: false, isLoadTest, log: recordLog(), clock: Date.now })
  await pool.query(
    `insert into spend (principal, period, period_start) values ('a', '2026-11', '2026-11-01')`,
  )

  await examine(true)
  await pool.query('update spend set nano_usd = 1')

  await examine(false)
  await assert.rejects(examine(true), {
    name: 'BootFault',
    message:
      'load_test_mode.enabled: the database holds what people have spent. Give the load test a database of its own.',
  })
})

test('a clock that is more than five seconds from the database’s is a warning that says which way', async () => {
  await using database = await createDatabase()
  const linesOf = async (aheadMs: number) => {
    const log = recordLog()
    await examineSpend(database.pool, { ...METERED, log, clock: () => Date.now() + aheadMs })
    return log.lines
  }
  const rest = "the database's: requests near midnight count for the wrong day, week or month. Set the clocks"

  assert.deepEqual(await linesOf(0), [])
  assert.deepEqual(await linesOf(4000), [])
  assert.deepEqual(await linesOf(-4000), [])
  assert.deepEqual(await linesOf(3_600_000), [`warn this machine's clock is 3600 s ahead of ${rest}`])
  assert.deepEqual(await linesOf(-3_600_000), [`warn this machine's clock is 3600 s behind ${rest}`])
})

test('a slow way to the database is no difference of clocks', async () => {
  await using database = await createDatabase()
  const log = recordLog()
  const now = Date.now()
  const times = [now - 60_000, now + 60_000]

  await examineSpend(database.pool, { ...METERED, log, clock: () => times.shift() ?? 0 })

  assert.deepEqual(log.lines, [])
})

test('where nothing is metered nobody looks at the clock', async () => {
  await using database = await createDatabase()
  const log = recordLog()

  await examineSpend(database.pool, { isMetered: false, isLoadTest: false, log, clock: () => 0 })

  assert.deepEqual(log.lines, [])
})
