import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import { Holds, type HoldsOptions } from '../../app/spend/holds.ts'
import type { Every } from '../../app/store/sweeper.ts'
import { createDatabase, replicaPool } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'
import { expire, heldCents, reserve as reserveFor } from '../support/spend-tables.ts'

/** The holds of one replica, whose timer is ours: `tick` is half a minute later. */
function replica(pool: pg.Pool, options: Partial<HoldsOptions> = {}) {
  const log = recordLog()
  let now = 0
  let renew: (() => Promise<void>) | null = null
  const every: Every = (ms, tick) => {
    assert.equal(ms, 30_000)
    renew = tick
    return () => {
      renew = null
    }
  }
  const holds = new Holds({ pool, log, clock: () => now, every, ...options })
  const reserve = async (cents: number, principal = 'ada') => {
    const { entryId } = await reserveFor(pool, { cents, principal })
    holds.keep(entryId)
    return entryId
  }
  const tick = async () => {
    now += 60_000
    await renew?.()
  }
  return { holds, log, reserve, tick, isTicking: () => renew !== null }
}

async function monthly(pool: pg.Pool) {
  return (await heldCents(pool))['ada 2026-11'] ?? 0
}

test('what a replica holds is kept as long as its requests run', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const { holds, reserve, tick } = replica(pool)
  const running = await reserve(3)
  holds.leave(await reserve(4))
  await expire(pool)

  await tick()

  const { rows } = await pool.query('select entry_id, expires_at > now() as is_alive from spend_holds')
  assert.deepEqual(rows, [{ entry_id: running, is_alive: true }])
  assert.equal(await monthly(pool), 3)
  await holds.close()
})

test('what a killed replica held is free when another one looks, within two minutes', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const killed = replica(pool)
  const other = replica(pool)
  await killed.reserve(3)
  await other.reserve(4)
  // Ninety seconds later the other one has renewed its own twice; it looks every thirty.
  await expire(pool)

  await other.tick()

  assert.equal(await monthly(pool), 4)
  assert.deepEqual(other.log.lines, [])
  await killed.holds.close()
  await other.holds.close()
})

test('a request whose hold was swept is served on without one, and the operator is told', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const stalled = replica(pool)
  const other = replica(pool)
  await stalled.reserve(3)
  await expire(pool)
  await other.tick()

  await stalled.tick()
  await stalled.tick()

  assert.equal(await monthly(pool), 0)
  assert.deepEqual(stalled.log.lines, [
    'warn running requests lost their reservations, which were not renewed in time {"requests":1}',
  ])
  await stalled.holds.close()
  await other.holds.close()
})

test('without its store a replica goes on, says so once a minute, and what it held expires', async () => {
  await using database = await createDatabase()
  const broken = replicaPool(database.url, 1)
  const { holds, log, reserve, tick } = replica(broken)
  await reserve(3)
  await broken.end()

  await tick()
  await expire(database.pool)
  const other = replica(database.pool)
  await other.tick()

  assert.deepEqual(log.lines, [
    'warn reservations cannot be renewed {"cause":"Cannot use a pool after calling end on the pool"}',
  ])
  assert.equal(await monthly(database.pool), 0)
  await holds.close()
  await other.holds.close()
})

test('a replica that ends renews nothing any more', async () => {
  await using database = await createDatabase()
  const { holds, reserve, isTicking } = replica(database.pool)
  await reserve(3)

  await holds.close()

  assert.equal(isTicking(), false)
  assert.equal(await monthly(database.pool), 3)
})

test('no more is remembered than is allowed: what is beyond expires by itself', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const { holds, reserve, tick } = replica(pool, { maxKept: 1 })
  await reserve(3)
  await reserve(4)
  await expire(pool)

  await tick()

  assert.equal(await monthly(pool), 3)
  await holds.close()
})
