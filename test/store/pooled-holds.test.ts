import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sweepHolds } from '../../app/store/spend-holds.ts'
import { createDatabase } from '../support/postgres.ts'
import { charge, expire, heldCents, reserve, setCaps } from '../support/spend-tables.ts'

test('a reservation is held on every pool of the caller, and given back to each', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(
    pool,
    { scope: 'rbac_group:eng', pool: 100 },
    { scope: 'rbac_group:all', pool: 200 },
    { scope: 'rbac_group:others', pool: 0 },
    { scope: 'rbac_group:seat', cents: 100 },
  )
  await charge(pool, { cents: 5, pools: ['eng'] })

  const { isTaken, standing } = await reserve(pool, { cents: 7, groups: ['eng', 'all', 'seat'] })

  assert.equal(isTaken, true)
  assert.deepEqual(
    standing
      .flatMap(row => (row.kind !== 'spent' && row.poolAmount !== null ? [row] : []))
      .map(({ scopeId, poolAmount, poolSpent }) => [scopeId, poolAmount, poolSpent])
      .sort(),
    [
      ['all', '200', '0'],
      ['eng', '100', '50000000'],
    ],
  )
  assert.deepEqual(await heldCents(pool), {
    'ada 2026-11': 7,
    'ada 2026-11-22': 7,
    'ada 2026-W47': 7,
    'all 2026-11': 7,
    'eng 2026-11': 7,
  })
  await expire(pool)
  await sweepHolds(pool, 10)
  assert.deepEqual(await heldCents(pool), {})
})

test('where groups combine by min, every pool must have room', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(pool, { scope: 'rbac_group:eng', pool: 10 }, { scope: 'rbac_group:all', pool: 100 })
  await reserve(pool, { principal: 'bob', cents: 8, groups: ['eng'] })

  const { isTaken, lacking } = await reserve(pool, { cents: 5, groups: ['eng', 'all'] })

  assert.deepEqual(
    { isTaken, lacking },
    { isTaken: false, lacking: { source: 'rbac_group:eng', period: 'monthly', cents: 10n } },
  )
  assert.deepEqual((await heldCents(pool))['all 2026-11'], undefined)
})

test('where groups combine by max, one pool with room is enough, and all are charged', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(
    pool,
    { scope: 'rbac_group:eng', pool: 10 },
    { scope: 'rbac_group:spent', pool: 10 },
    { scope: 'rbac_group:all', pool: 12 },
  )
  await charge(pool, { principal: 'bob', cents: 10, pools: ['spent'] })
  await reserve(pool, { principal: 'bob', cents: 8, groups: ['eng'] })
  const ask = () => reserve(pool, { cents: 7, groups: ['eng', 'all', 'spent'] }, 'max')

  const first = await ask()
  const second = await ask()

  assert.deepEqual([first.isTaken, first.lacking], [true, null])
  assert.deepEqual(
    [second.isTaken, second.lacking],
    [false, { source: 'rbac_group:all', period: 'monthly', cents: 12n }],
  )
  const { 'all 2026-11': all, 'eng 2026-11': eng, 'spent 2026-11': spent } = await heldCents(pool)
  assert.deepEqual({ all, eng, spent }, { all: 7, eng: 15, spent: 7 })
})

test('a pool with no other hold takes one request that is bigger than what is left', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(pool, { scope: 'rbac_group:eng', pool: 10 })
  const ask = (principal: string) => reserve(pool, { principal, cents: 50, groups: ['eng'] })

  const first = await ask('ada')
  const second = await ask('bob')

  assert.deepEqual([first.isTaken, second.isTaken], [true, false])
})

test('an unlimited cap of their own lifts nobody over a pool', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(pool, { scope: 'user:ada' }, { scope: 'rbac_group:eng', pool: 10 })
  await charge(pool, { principal: 'bob', cents: 10, pools: ['eng'] })

  const { isTaken } = await reserve(pool, { groups: ['eng'] })

  assert.equal(isTaken, false)
})
