// What an erasure does to the tables of spend while requests run, and how it finds a person's rows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import { erasePerson } from '../../app/store/erasure.ts'
import { excludeSettling } from '../../app/store/pooled-spend.ts'
import { settleSpend } from '../../app/store/spend-entries.ts'
import { inTransaction } from '../../app/store/transaction.ts'
import { entry } from '../support/entries.ts'
import { createDatabase } from '../support/postgres.ts'
import { charge, heldCents, NOON, PERIODS, requestOf, reserve } from '../support/spend-tables.ts'

const NOBODY = 'erased:0123456789abcdef'

/** Erases ada in full, as the Admin API does. */
function erase(pool: pg.Pool) {
  return inTransaction(pool, async client => {
    await excludeSettling(client)
    return erasePerson(client, 'ada', NOBODY)
  })
}

async function spentBy(pool: pg.Pool) {
  const { rows } = await pool.query(
    `select principal, nano_usd / 10000000 as cents from spend where period = $1 order by 1`,
    [PERIODS.monthly.key],
  )
  return rows.map(({ principal, cents }) => [principal, Number(cents)])
}

/** A request of ada's ends, which cost four cents. */
function settle(pool: pg.Pool, entryId: string) {
  const changes = { entry_id: entryId }
  const entries = JSON.stringify([entry({ sub: 'ada', at: NOON, nano: 40_000_000n, changes })])
  return settleSpend(pool, { entries, released: [] })
}

test('a request that runs during an erasure is charged to its subject, and what it held is given back', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await charge(pool, { cents: 9 })
  const { entryId } = await reserve(pool, { cents: 5 })

  await erase(pool)
  const { entryId: next } = await reserve(pool, { cents: 6 })
  await settle(pool, entryId)

  assert.deepEqual(Object.values(await heldCents(pool)), [6, 6, 6])
  assert.deepEqual(await spentBy(pool), [
    ['ada', 4],
    [NOBODY, 9],
  ])
  await settle(pool, next)
  assert.deepEqual(await heldCents(pool), {})
})

test('a reservation that an erasure has to wait for goes with its counters', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await charge(pool, { cents: 9 })
  const taking = await pool.connect()
  await taking.query('begin')
  const request = requestOf({ cents: 5 })
  await taking.query(`select from reserve_spend($1::jsonb, 'min', '90 seconds')`, [JSON.stringify([request])])

  const erasing = erase(pool)
  await lockAwaited(pool)
  await taking.query('commit')
  taking.release()
  await erasing

  const { rows } = await pool.query('select principal from spend_holds')
  assert.deepEqual(rows, [{ principal: NOBODY }])
  await settle(pool, request.entry_id)
  assert.deepEqual(await heldCents(pool), {})
})

test('an erasure waits for a sweep of holds before it locks a counter, as the sweep locks them next', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await reserve(pool, { cents: 5 })
  const sweeping = await pool.connect()
  await sweeping.query('begin; select from spend_holds for update')

  const erasing = erase(pool)
  await lockAwaited(pool)
  const counters = await sweeping.query('select from spend for update nowait')
  await sweeping.query('commit')
  sweeping.release()
  await erasing

  assert.equal(counters.rowCount, 3)
  assert.deepEqual(await spentBy(pool), [[NOBODY, 0]])
})

async function lockAwaited(pool: pg.Pool): Promise<void> {
  for (let look = 0; look < 1000; look += 1) {
    const { rows } = await pool.query(`
      select from pg_locks where not granted and pid in (
             select pid from pg_stat_activity where datname = current_database())`)
    if (rows.length > 0) return
  }
  throw new Error('nobody waits for a lock')
}

test('a person is found in every table by an index, so that no erasure has settling wait for a look at all rows', async () => {
  await using database = await createDatabase()

  const { rows } = await database.pool.query(`
    select c.table_name
      from information_schema.columns c
     where c.table_schema = 'public' and c.column_name = 'principal'
       and not exists (
             select from pg_index i
               join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
              where i.indrelid = c.table_name::regclass and a.attname = 'principal')
     order by 1`)

  assert.deepEqual(rows, [])
})
