// What whoever measures the store is told: each named statement once, however it was sent and however it ended.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatehouseSection } from '../../app/config/gatehouse.ts'
import { StoreSection } from '../../app/config/store.ts'
import { connectAtBoot } from '../../app/store/connect.ts'
import type { StoreObserver } from '../../app/store/observer.ts'
import { type Every, startSweeper } from '../../app/store/sweeper.ts'
import { inTransaction } from '../../app/store/transaction.ts'
import { createDatabase } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'

function recorder() {
  const told: string[] = []
  const observer: StoreObserver = {
    asking(operation) {
      told.push(`asked ${operation}`)
      return () => void told.push(`over ${operation}`)
    },
    swept: (table, rows) => void told.push(`swept ${rows} of ${table}`),
    sweepFailed: table => void told.push(`failed to sweep ${table}`),
  }
  return { told, observer }
}

test('a named statement is told at its begin and its end: answered, refused, or inside a transaction', async () => {
  await using database = await createDatabase()
  const { told, observer } = recorder()
  const section = StoreSection.parse({ postgres_url: database.url })
  const store = await connectAtBoot(section, { log: recordLog(), clock: () => 0, observer })
  told.length = 0

  const { rows } = await store.pool.query({ name: 'one', text: 'select 1 as one' })
  await assert.rejects(store.pool.query({ name: 'refused', text: 'select 1 / 0' }), { code: '22012' })
  await inTransaction(store.pool, client => client.query({ name: 'inside', text: 'select 2' }))
  await assert.rejects(
    inTransaction(store.pool, client => client.query({ name: 'broken', text: 'select 1 / 0' })),
    { code: '22012' },
  )
  await store.pool.query('select 3')
  await store.close()

  assert.deepEqual(rows, [{ one: 1 }])
  assert.deepEqual(
    told,
    ['one', 'refused', 'inside', 'broken'].flatMap(name => [`asked ${name}`, `over ${name}`]),
  )
})

test('the sweeper tells how many rows of each table it deleted', async () => {
  await using database = await createDatabase()
  const { told, observer } = recorder()
  const { pool } = database
  await pool.query(`insert into claimed_states
                    select i::text, now() - interval '1 second' from generate_series(1, 1003) as i`)
  let sweep = async () => {}
  const every: Every = (ms, tick) => {
    if (ms === 30_000) sweep = tick
    return () => {}
  }
  const retention = { admin: undefined, spend: GatehouseSection.parse({}).spend }
  const sweeper = startSweeper({ pool, log: recordLog(), clock: () => 0, retention, every, observer })

  await sweep()
  await sweeper.stop()

  assert.deepEqual(told, [
    'swept 0 of device_grants',
    'swept 1000 of claimed_states',
    'swept 3 of claimed_states',
    'swept 0 of rate_windows',
  ])
})
