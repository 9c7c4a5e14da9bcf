// Which alerts a settlement raises: each share of a cap once per period, whoever settles, and how often.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AlertRow } from '../../app/store/spend-alerts.ts'
import { settleAndAlert } from '../../app/store/spend-entries.ts'
import { entry } from '../support/entries.ts'
import { createDatabase, replicaPool } from '../support/postgres.ts'
import { inWords, NOW, setCap, settle, spend } from '../support/spent.ts'

const DAY = 86_400_000

test('each share of a cap is reached once in its period, at the exact cent', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'user:ada', amount: 1000 })
  const steps = [499, 1, 299, 1, 100, 99, 1, 5000]

  const raised: string[][] = []
  for (const cents of steps) raised.push((await spend(pool, { principal: 'ada', cents })).map(inWords))

  assert.deepEqual(raised, [
    [],
    ['user:ada 2026-11 0.5 of 1000 at 500'],
    [],
    ['user:ada 2026-11 0.8 of 1000 at 800'],
    ['user:ada 2026-11 0.9 of 1000 at 900'],
    [],
    ['user:ada 2026-11 1 of 1000 at 1000'],
    [],
  ])
})

test('one large request reaches several shares, and each is an alert', async () => {
  await using database = await createDatabase()
  await setCap(database.pool, { scope: 'user:ada', amount: 1000 })

  const raised = await spend(database.pool, { principal: 'ada', cents: 950 })

  assert.deepEqual(raised.map(({ share }) => share).toSorted(), ['0.5', '0.8', '0.9'])
  assert.equal(new Set(raised.map(({ id }) => id)).size, 3)
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/
  for (const { id } of raised) assert.match(id, form)
})

test('a day, a week and a month are watched by themselves, and a new one begins anew', async () => {
  await using database = await createDatabase()
  const { pool } = database
  for (const period of ['daily', 'weekly', 'monthly'] as const)
    await setCap(pool, { scope: 'organization', period, amount: 100 })
  const spending = { principal: 'ada', cents: 50, shares: ['0.5', '0.8'] }

  const first = await spend(pool, spending)
  const nextDay = await spend(pool, { ...spending, at: NOW + DAY })

  assert.deepEqual(first.map(inWords).toSorted(), [
    'user:ada 2026-11 0.5 of 100 at 50',
    'user:ada 2026-11-18 0.5 of 100 at 50',
    'user:ada 2026-W47 0.5 of 100 at 50',
  ])
  assert.deepEqual(nextDay.map(inWords).toSorted(), [
    'user:ada 2026-11 0.8 of 100 at 100',
    'user:ada 2026-11-19 0.5 of 100 at 50',
    'user:ada 2026-W47 0.8 of 100 at 100',
  ])
})

test('a cap of 0, one without a limit, and no cap at all raise nothing', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'user:nobody', amount: 100 })
  await setCap(pool, { scope: 'user:blocked', amount: 0 })
  await setCap(pool, { scope: 'user:free', amount: null })

  const raised = await Promise.all(
    ['blocked', 'free', 'uncapped'].map(principal => spend(pool, { principal, cents: 10_000 })),
  )

  assert.deepEqual(raised, [[], [], []])
})

test('without shares nothing is raised', async () => {
  await using database = await createDatabase()
  await setCap(database.pool, { scope: 'organization', amount: 100 })

  assert.deepEqual(await spend(database.pool, { principal: 'ada', cents: 100, shares: [] }), [])
})

test('the default cap of a group or of the organization is of each developer', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'organization', amount: 100 })
  await setCap(pool, { scope: 'rbac_group:eng', amount: 1000 })
  await setCap(pool, { scope: 'rbac_group:ops', amount: 2000 })
  const shares = ['1']

  const raised = [
    await spend(pool, { principal: 'ada', cents: 100, shares }),
    await spend(pool, { principal: 'bob', cents: 100, shares }),
    await spend(pool, { principal: 'eve', cents: 999, shares, groups: ['ops', 'eng'] }),
    await spend(pool, { principal: 'eve', cents: 1, shares, groups: ['ops', 'eng'] }),
    await spend(pool, { principal: 'max', cents: 1000, shares, groups: ['ops', 'eng'], mode: 'max' }),
    await spend(pool, { principal: 'max', cents: 1000, shares, groups: ['ops', 'eng'], mode: 'max' }),
  ]

  assert.deepEqual(
    raised.map(alerts => alerts.map(inWords)),
    [
      ['user:ada 2026-11 1 of 100 at 100'],
      ['user:bob 2026-11 1 of 100 at 100'],
      [],
      ['user:eve 2026-11 1 of 1000 at 1000'],
      [],
      ['user:max 2026-11 1 of 2000 at 2000'],
    ],
  )
})

test('a shared budget is reached by its group together, whatever caps its members have', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'rbac_group:eng', amount: null, pool: 1000 })
  await setCap(pool, { scope: 'rbac_group:ops', amount: null, pool: 400 })

  const raised = [
    await spend(pool, { principal: 'ada', cents: 300, groups: ['eng'] }),
    await spend(pool, { principal: 'bob', cents: 200, groups: ['eng', 'ops', 'other'] }),
  ]

  assert.deepEqual(
    raised.map(alerts => alerts.map(inWords)),
    [[], ['pool:eng 2026-11 0.5 of 1000 at 500', 'pool:ops 2026-11 0.5 of 400 at 200']],
  )
})

test('fifty settlements at once, of two replicas, raise each share once', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'user:ada', amount: 1000 })
  await setCap(pool, { scope: 'rbac_group:eng', amount: null, pool: 2000 })
  const replicas = [replicaPool(database.url, 10), replicaPool(database.url, 10)]

  const raised = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      spend(replicas[index % 2] ?? pool, { principal: 'ada', cents: 25, groups: ['eng'] }),
    ),
  )
  await Promise.all(replicas.map(replica => replica.end()))

  assert.deepEqual(raised.flat().map(inWords).toSorted(), [
    'pool:eng 2026-11 0.5 of 2000 at 1000',
    'user:ada 2026-11 0.5 of 1000 at 500',
    'user:ada 2026-11 0.8 of 1000 at 800',
    'user:ada 2026-11 0.9 of 1000 at 900',
    'user:ada 2026-11 1 of 1000 at 1000',
  ])
})

test('an alert of a settlement that is undone was never raised', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'user:ada', amount: 100 })
  await pool.query(`create function fails() returns trigger language plpgsql as $$ begin raise 'no'; end $$`)
  await pool.query(`create constraint trigger fails after insert on spend_alerts initially deferred
                    for each row execute function fails()`)

  await assert.rejects(spend(pool, { principal: 'ada', cents: 50 }), { message: 'no' })
  await pool.query('drop trigger fails on spend_alerts')
  const raised = await spend(pool, { principal: 'ada', cents: 50 })

  assert.deepEqual(raised.map(inWords), ['user:ada 2026-11 0.5 of 100 at 50'])
})

test('a fault of the raising undoes no settlement, and the next one makes up for it', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'user:ada', amount: 100 })
  await pool.query(
    `create function fails() returns trigger language plpgsql as $$ begin raise 'no room'; end $$`,
  )
  await pool.query(`create trigger fails before insert on spend_alerts for each row execute function fails()`)

  const outcome = await settle(pool, { principal: 'ada', cents: 50 })
  const { rows } = await pool.query(`select count(*)::int as entries from spend_entries`)
  await pool.query('drop trigger fails on spend_alerts')
  const raised = await spend(pool, { principal: 'ada', cents: 1 })

  assert.deepEqual([outcome, rows], [{ alerts: [], fault: 'no room' }, [{ entries: 1 }]])
  assert.deepEqual(raised.map(inWords), ['user:ada 2026-11 0.5 of 100 at 51'])
})

test('requests that are settled together raise the alerts of all their developers, and are told the same when repeated', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'organization', amount: 100 })
  await setCap(pool, { scope: 'rbac_group:eng', amount: null, pool: 200 })
  const nano = 300_000_000n
  const entries = ['ada', 'bob', 'ada', 'eve'].map(sub =>
    entry({ sub, nano, at: NOW, groups: sub === 'eve' ? [] : ['eng'] }),
  )
  const settling = { entries: JSON.stringify(entries), released: [] }

  const { alerts } = await settleAndAlert(pool, settling, {
    shares: ['0.3'],
    groupLimitMode: 'min',
    isSent: true,
  })
  const again = await settleAndAlert(pool, settling, { shares: ['0.3'], groupLimitMode: 'min', isSent: true })

  assert.deepEqual(alerts.map(inWords).toSorted(), [
    'pool:eng 2026-11 0.3 of 200 at 90',
    'user:eve 2026-11 0.3 of 100 at 30',
  ])
  const ids = (rows: readonly AlertRow[]) => rows.map(({ id }) => id).toSorted()
  assert.deepEqual([ids(again.alerts), again.fault], [ids(alerts), null])
})
