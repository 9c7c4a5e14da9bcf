import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { renewHolds, reserveSpend, sweepHolds } from '../../app/store/spend-holds.ts'
import { createDatabase, replicaPool } from '../support/postgres.ts'
import { charge, expire, heldCents, reservation, setCaps } from '../support/spend-tables.ts'

const ALL_THREE = (cents: number) => ({
  'ada 2026-11': cents,
  'ada 2026-11-22': cents,
  'ada 2026-W47': cents,
})

test('a reservation is held on the three counters, and tells what was there before it', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(
    pool,
    { scope: 'organization', cents: 50 },
    { scope: 'rbac_group:eng', period: 'daily', cents: 10 },
    { scope: 'rbac_group:others', period: 'daily', cents: 0 },
    { scope: 'user:ada', period: 'weekly' },
    { scope: 'user:bob', period: 'weekly', cents: 0 },
  )
  await charge(pool, { cents: 3 })

  const reserved = await reserveSpend(pool, reservation({ cents: 7, groups: ['eng'] }))

  assert.deepEqual(
    { ...reserved, caps: reserved.caps.map(({ id, ...row }) => row) },
    {
      isTaken: true,
      lacking: null,
      caps: [
        { scope_type: 'organization', scope_id: '', period: 'monthly', cents: 50n },
        { scope_type: 'rbac_group', scope_id: 'eng', period: 'daily', cents: 10n },
        { scope_type: 'user', scope_id: 'ada', period: 'weekly', cents: null },
      ],
      spent: { daily: 30_000_000n, weekly: 30_000_000n, monthly: 30_000_000n },
      pools: [],
    },
  )
  assert.deepEqual(await heldCents(pool), ALL_THREE(7))
})

test('what has no room beside another hold is held nowhere, and the bound that lacks it is named', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(pool, { scope: 'organization', cents: 50 }, { scope: 'user:ada', period: 'daily', cents: 10 })
  await reserveSpend(pool, reservation({ cents: 6 }))

  const { isTaken, lacking } = await reserveSpend(pool, reservation({ cents: 5 }))

  assert.deepEqual(
    { isTaken, lacking },
    { isTaken: false, lacking: { source: 'user', period: 'daily', cents: 10n } },
  )
  assert.deepEqual(await heldCents(pool), ALL_THREE(6))
})

test('a request alone may use the last cent, whatever it may cost, and the next one may not', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(pool, { scope: 'user:ada', cents: 10 })
  await charge(pool, { cents: 9 })

  const alone = await reserveSpend(pool, reservation({ cents: 500 }))
  const second = await reserveSpend(pool, reservation({ cents: 1 }))

  assert.deepEqual([alone.isTaken, second.isTaken], [true, false])
  assert.deepEqual(await heldCents(pool), ALL_THREE(500))
})

test('a spent cap gives nothing, not even to a request alone, and lacks nothing that will come back', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(pool, { scope: 'user:ada', cents: 9 })
  await charge(pool, { cents: 9 })

  const { isTaken, lacking, spent } = await reserveSpend(pool, reservation())

  assert.deepEqual(
    { isTaken, lacking, spent: spent.monthly },
    { isTaken: false, lacking: null, spent: 90_000_000n },
  )
  assert.deepEqual(await heldCents(pool), {})
})

test('of two replicas that ask for the last money together one gets it', async () => {
  await using database = await createDatabase()
  await setCaps(database.pool, { scope: 'organization', period: 'daily', cents: 100 })
  const replicas = [replicaPool(database.url, 4), replicaPool(database.url, 4)]

  const asked = await Promise.all(
    Array.from({ length: 40 }, (_, turn) => reserveSpend(replicas[turn % 2]!, reservation({ cents: 30 }))),
  )

  assert.equal(asked.filter(({ isTaken }) => isTaken).length, 3)
  assert.deepEqual(await heldCents(database.pool), ALL_THREE(90))
  await Promise.all(replicas.map(replica => replica.end()))
})

test('what expired is given back once, however many replicas sweep', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const [first, second] = [reservation({ cents: 3 }), reservation({ cents: 4 })]
  await reserveSpend(pool, first)
  await reserveSpend(pool, second)
  await expire(pool, [first.entryId])

  const swept = await Promise.all(Array.from({ length: 5 }, () => sweepHolds(pool, 10)))

  assert.deepEqual(swept.toSorted(), [0, 0, 0, 0, 1])
  assert.deepEqual(await heldCents(pool), ALL_THREE(4))
})

test('a sweep passes over what somebody is settling at that moment', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const one = reservation({ cents: 3 })
  await reserveSpend(pool, one)
  await expire(pool)
  const settling = await pool.connect()
  await settling.query('begin')
  await settling.query('select from spend_holds where entry_id = $1 for update', [one.entryId])

  const during = await sweepHolds(pool, 10)
  await settling.query('rollback')
  settling.release()

  assert.deepEqual([during, await sweepHolds(pool, 10)], [0, 1])
})

test('holds that were renewed outlive the sweep, those of a replica that is gone do not', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const [mine, lost] = [reservation({ cents: 3 }), reservation({ cents: 4 })]
  await reserveSpend(pool, mine)
  await reserveSpend(pool, lost)
  await expire(pool)

  const renewed = await renewHolds(pool, [mine.entryId, randomUUID()])
  const swept = await sweepHolds(pool, 10)

  assert.deepEqual([renewed, swept], [[mine.entryId], 1])
  assert.deepEqual(await heldCents(pool), ALL_THREE(3))
})

test('a sweep takes the oldest first, and as many as it is told', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const held = [reservation(), reservation(), reservation()]
  for (const one of held) await reserveSpend(pool, one)
  await expire(pool, [held[2]!.entryId])
  await expire(pool, [held[0]!.entryId])

  const first = await sweepHolds(pool, 1)

  const { rows } = await pool.query('select entry_id from spend_holds order by expires_at')
  assert.equal(first, 1)
  assert.deepEqual(
    rows.map(row => row.entry_id),
    [held[0]!.entryId, held[1]!.entryId],
  )
})

test('a hold lives for ninety seconds from its last renewal', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const one = reservation()
  const until = async () => {
    const { rows } = await pool.query(
      `select expires_at between now() + interval '60 seconds' and now() + interval '90 seconds' as is_fresh
         from spend_holds`,
    )
    return rows
  }

  await reserveSpend(pool, one)
  const taken = await until()
  await expire(pool)
  await renewHolds(pool, [one.entryId])

  assert.deepEqual([taken, await until()], [[{ is_fresh: true }], [{ is_fresh: true }]])
})
