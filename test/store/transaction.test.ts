import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTransaction } from '../../app/store/transaction.ts'
import { createDatabase } from '../support/postgres.ts'

test('what is done in a transaction is done together', async () => {
  await using database = await createDatabase()

  const answer = await inTransaction(database.pool, async client => {
    await client.query(`insert into claimed_states values ('a', now()), ('b', now())`)
    return 'done'
  })

  const { rowCount } = await database.pool.query('select from claimed_states')
  assert.deepEqual([answer, rowCount], ['done', 2])
})

test('what fails is undone, and the connection serves the next one', async () => {
  await using database = await createDatabase()

  const failing = inTransaction(database.pool, async client => {
    await client.query(`insert into claimed_states values ('a', now())`)
    throw new Error('changed our mind')
  })

  await assert.rejects(failing, { message: 'changed our mind' })
  const { rowCount } = await database.pool.query('select from claimed_states')
  assert.deepEqual([rowCount, database.pool.totalCount, database.pool.idleCount], [0, 1, 1])
})

test('a connection that breaks in a transaction fails it, and is replaced', async () => {
  await using database = await createDatabase()

  const failing = inTransaction(database.pool, client =>
    client.query('select pg_terminate_backend(pg_backend_pid())'),
  )

  await assert.rejects(failing, { code: '57P01' })
  const { rows } = await database.pool.query('select 1 as one')
  assert.deepEqual(rows, [{ one: 1 }])
})
