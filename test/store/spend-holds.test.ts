import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { settleSpend } from '../../app/store/spend-entries.ts'
import { renewHolds, sweepHolds } from '../../app/store/spend-holds.ts'
import { entry } from '../support/entries.ts'
import { createDatabase, replicaPool } from '../support/postgres.ts'
import { charge, expire, heldCents, NOON, reserve, reserveAll, setCaps } from '../support/spend-tables.ts'

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

  const { entryId, standing, ...reserved } = await reserve(pool, { cents: 7, groups: ['eng'] })

  const limit = { poolAmount: null, poolSpent: null }
  assert.deepEqual(reserved, { isTaken: true, lacking: null })
  assert.deepEqual(
    new Set(standing.map(row => (row.kind === 'spent' ? row : { ...row, limitId: '' }))),
    new Set([
      { kind: 'organization', scopeId: '', period: 'monthly', limitId: '', amount: '50', ...limit },
      { kind: 'rbac_group', scopeId: 'eng', period: 'daily', limitId: '', amount: '10', ...limit },
      { kind: 'user', scopeId: 'ada', period: 'weekly', limitId: '', amount: null, ...limit },
      { kind: 'spent', period: '2026-11', amount: '30000000' },
      { kind: 'spent', period: '2026-11-22', amount: '30000000' },
      { kind: 'spent', period: '2026-W47', amount: '30000000' },
    ]),
  )
  assert.deepEqual(await heldCents(pool), ALL_THREE(7))
})

test('what has no room beside another hold is held nowhere, and the bound that lacks it is named', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(pool, { scope: 'organization', cents: 50 }, { scope: 'user:ada', period: 'daily', cents: 10 })
  await reserve(pool, { cents: 6 })

  const { isTaken, lacking } = await reserve(pool, { cents: 5 })

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

  const alone = await reserve(pool, { cents: 500 })
  const second = await reserve(pool, { cents: 1 })

  assert.deepEqual([alone.isTaken, second.isTaken], [true, false])
  assert.deepEqual(await heldCents(pool), ALL_THREE(500))
})

test('a spent cap gives nothing, not even to a request alone; of two bounds that of which something is left is named', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(
    pool,
    { scope: 'user:ada', period: 'daily', cents: 9 },
    { scope: 'user:ada', cents: 20 },
    { scope: 'user:bob', cents: 9 },
  )
  await reserve(pool, { cents: 11 })
  await charge(pool, { cents: 9 })
  await charge(pool, { principal: 'bob', cents: 9 })

  const ada = await reserve(pool)
  const bob = await reserve(pool, { principal: 'bob' })

  assert.deepEqual(ada.lacking, { source: 'user', period: 'monthly', cents: 20n })
  assert.deepEqual(bob.lacking, { source: 'user', period: 'monthly', cents: 9n })
  assert.deepEqual(await heldCents(pool), ALL_THREE(11))
})

test('of two replicas that ask for the last money together one gets it', async () => {
  await using database = await createDatabase()
  await setCaps(database.pool, { scope: 'organization', period: 'daily', cents: 100 })
  const replicas = [replicaPool(database.url, 4), replicaPool(database.url, 4)]

  const asked = await Promise.all(
    Array.from({ length: 40 }, (_, turn) => reserve(replicas[turn % 2]!, { cents: 30 })),
  )

  assert.equal(asked.filter(({ isTaken }) => isTaken).length, 3)
  assert.deepEqual(await heldCents(database.pool), ALL_THREE(90))
  await Promise.all(replicas.map(replica => replica.end()))
})

test('what expired is given back once, however many replicas sweep', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const first = await reserve(pool, { cents: 3 })
  await reserve(pool, { cents: 4 })
  await expire(pool, [first.entryId])

  const swept = await Promise.all(Array.from({ length: 5 }, () => sweepHolds(pool, 10)))

  assert.deepEqual(swept.toSorted(), [0, 0, 0, 0, 1])
  assert.deepEqual(await heldCents(pool), ALL_THREE(4))
})

test('a request that is settled after its hold was swept is charged, and gives nothing back a second time', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const late = await reserve(pool, { cents: 3 })
  await expire(pool)
  await sweepHolds(pool, 10)
  await reserve(pool, { cents: 4 })

  const made = entry({ sub: 'ada', at: NOON, nano: 30_000_000n, changes: { entry_id: late.entryId } })
  await settleSpend(pool, { entries: JSON.stringify([made]), released: [] })

  const { rows } = await pool.query('select distinct nano_usd from spend')
  assert.deepEqual([rows, await heldCents(pool)], [[{ nano_usd: '30000000' }], ALL_THREE(4)])
})

test('a sweep passes over what somebody is settling at that moment', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const one = await reserve(pool, { cents: 3 })
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
  const mine = await reserve(pool, { cents: 3 })
  await reserve(pool, { cents: 4 })
  await expire(pool)

  const renewed = await renewHolds(pool, [mine.entryId, randomUUID()])
  const swept = await sweepHolds(pool, 10)

  assert.deepEqual([renewed, swept], [[mine.entryId], 1])
  assert.deepEqual(await heldCents(pool), ALL_THREE(3))
})

test('a sweep takes the oldest first, and as many as it is told', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const held = await reserveAll(pool, [{}, {}, {}])
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
  const until = async () => {
    const { rows } = await pool.query(
      `select expires_at between now() + interval '60 seconds' and now() + interval '90 seconds' as is_fresh
         from spend_holds`,
    )
    return rows
  }

  const one = await reserve(pool)
  const taken = await until()
  await expire(pool)
  await renewHolds(pool, [one.entryId])

  assert.deepEqual([taken, await until()], [[{ is_fresh: true }], [{ is_fresh: true }]])
})

test('of requests that are sent together each sees the holds of those before it, and only those are held that were taken', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(pool, { scope: 'organization', cents: 10 })

  const all = await reserveAll(pool, [
    { cents: 6 },
    { cents: 5 },
    { cents: 4 },
    { principal: 'bob', cents: 50 },
    { principal: 'bob', cents: 1 },
  ])

  assert.deepEqual(
    all.map(({ isTaken }) => isTaken),
    [true, false, true, true, false],
  )
  assert.deepEqual(await heldCents(pool), {
    ...ALL_THREE(10),
    'bob 2026-11': 50,
    'bob 2026-11-22': 50,
    'bob 2026-W47': 50,
  })
  const { rows } = await pool.query('select entry_id from spend_holds order by nano_usd')
  assert.deepEqual(
    rows.map(row => row.entry_id),
    [all[2], all[0], all[3]].map(one => one?.entryId),
  )
})

test('names that no text of the database can hold are no reason to fail', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCaps(pool, { scope: 'rbac_group:eng', period: 'daily', cents: 0 })

  const { isTaken } = await reserve(pool, { groups: ['a\0b', '\ud800', 'eng', 'eng'] })

  assert.equal(isTaken, false)
})
