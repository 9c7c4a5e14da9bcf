// After a cap was changed, the shares that are out of reach again may be reached again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { periodsAt } from '../../app/lib/periods.ts'
import { rememberPrincipal } from '../../app/store/principals.ts'
import { rearmAlerts } from '../../app/store/spend-alerts.ts'
import { inTransaction } from '../../app/store/transaction.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { type Cap, inWords, NOW, setCap, spend } from '../support/spent.ts'

/** Changes a cap as the Admin API does; answers how many shares may be reached again. */
function change({ pool }: TestDatabase, cap: Cap): Promise<number> {
  const [type = '', id = ''] = cap.scope.split(':')
  const { period = 'monthly' } = cap
  return inTransaction(pool, async client => {
    await setCap(client, cap)
    const { key } = periodsAt(NOW)[period]
    return rearmAlerts(client, { scope: { type, id }, period, key, groupLimitMode: 'min' })
  })
}

test('raising a cap lets the shares above what was spent be reached again, and only those', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'user:ada', amount: 1000 })
  await spend(pool, { principal: 'ada', cents: 950 })

  const rearmed = await change(database, { scope: 'user:ada', amount: 1600 })
  const raised = [
    await spend(pool, { principal: 'ada', cents: 300 }),
    await spend(pool, { principal: 'ada', cents: 30 }),
    await spend(pool, { principal: 'ada', cents: 400 }),
  ]

  assert.equal(rearmed, 2) // 950 of 1600 is above 0.5, and below 0.8 and 0.9
  assert.deepEqual(
    raised.map(alerts => alerts.map(inWords).toSorted()),
    [
      [],
      ['user:ada 2026-11 0.8 of 1600 at 1280'],
      ['user:ada 2026-11 0.9 of 1600 at 1680', 'user:ada 2026-11 1 of 1600 at 1680'],
    ],
  )
})

test('the same cap again, or a lower one, changes nothing; what a lower one reaches is raised by the next request', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'user:ada', amount: 1000 })
  await spend(pool, { principal: 'ada', cents: 600 })

  const rearmed = [
    await change(database, { scope: 'user:ada', amount: 1000 }),
    await change(database, { scope: 'user:ada', amount: 700 }),
    await change(database, { scope: 'user:ada', amount: 0 }),
    await change(database, { scope: 'user:ada', amount: 700 }),
  ]
  const raised = await spend(pool, { principal: 'ada', cents: 1 })

  assert.deepEqual(rearmed, [0, 0, 0, 0])
  assert.deepEqual(raised.map(inWords), ['user:ada 2026-11 0.8 of 700 at 601'])
})

test('a cap that is lifted, or deleted, and set again is a new one', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'user:ada', amount: 1000 })
  await spend(pool, { principal: 'ada', cents: 600 })

  const rearmed = await change(database, { scope: 'user:ada', amount: null })
  await setCap(pool, { scope: 'user:ada', amount: 1000 })
  const raised = await spend(pool, { principal: 'ada', cents: 1 })

  assert.equal(rearmed, 1)
  assert.deepEqual(raised.map(inWords), ['user:ada 2026-11 0.5 of 1000 at 601'])
})

test('an alert whose share may be reached again is still delivered', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'user:ada', amount: 1000 })
  await spend(pool, { principal: 'ada', cents: 600 })

  await change(database, { scope: 'user:ada', amount: 5000 })

  const { rows } = await pool.query(
    'select rearmed_at is null as armed, due_at is null as done from spend_alerts',
  )
  assert.deepEqual(rows, [{ armed: false, done: false }])
})

test('a default cap concerns those whom it applies to', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'organization', amount: 1000 })
  await setCap(pool, { scope: 'rbac_group:eng', amount: 1000 })
  await setCap(pool, { scope: 'user:own', amount: 1000 })
  const people: readonly (readonly [string, readonly string[]])[] = [
    ['plain', []],
    ['engineer', ['eng']],
    ['own', ['eng']],
  ]
  for (const [sub, groups] of people) {
    await rememberPrincipal(pool, { sub, groups })
    await spend(pool, { principal: sub, groups, cents: 600 })
  }

  const rearmed = [
    await change(database, { scope: 'rbac_group:other', amount: 5000 }),
    await change(database, { scope: 'rbac_group:eng', amount: 5000 }),
    await change(database, { scope: 'organization', amount: 5000 }),
    await change(database, { scope: 'organization', amount: 5000, period: 'daily' }),
    await change(database, { scope: 'user:own', amount: 5000 }),
  ]

  assert.deepEqual(rearmed, [0, 1, 1, 0, 1])
})

test('a shared budget that is raised or removed lets its shares be reached again, and not those of its members', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'rbac_group:eng', amount: 1000, pool: 1000 })
  await rememberPrincipal(pool, { sub: 'ada', groups: ['eng'] })
  await spend(pool, { principal: 'ada', groups: ['eng'], cents: 850 })

  const rearmed = [
    await change(database, { scope: 'rbac_group:eng', amount: 1000, pool: 1100 }),
    await change(database, { scope: 'rbac_group:eng', amount: 1000, pool: null }),
  ]

  const { rows } = await pool.query(
    `select scope, share::text from spend_alerts where rearmed_at is null order by share`,
  )
  assert.deepEqual(rearmed, [1, 1])
  assert.deepEqual(rows, [
    { scope: 'user:ada', share: '0.5' },
    { scope: 'user:ada', share: '0.8' },
  ])
})

test('a change waits for the settlement that still goes by the old cap', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'user:ada', amount: 1000 })
  await spend(pool, { principal: 'ada', cents: 400 })

  const rearmed = await inTransaction(pool, async settling => {
    await settling.query(`update spend set nano_usd = nano_usd + 2000000000 where principal = 'ada'`)
    const changing = change(database, { scope: 'user:ada', amount: 5000 })
    while ((await waiting(database)) === 0);
    const who = [{ principal: 'ada', groups: [], monthly: '2026-11' }]
    const { rowCount } = await settling.query(
      `select from raise_spend_alerts($1, '{0.5}', 'min', true, '5c0e3f0a-9b1c-7d2e-8f34-1a2b3c4d5e6f')`,
      [JSON.stringify(who)],
    )
    return { raised: rowCount, changing }
  })

  assert.equal(rearmed.raised, 1)
  assert.equal(await rearmed.changing, 1)
})

test('no change waits for a settlement that hangs, and locks are waited for as before afterwards', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await setCap(pool, { scope: 'organization', amount: 1000 })
  await setCap(pool, { scope: 'user:ada', amount: 1000 })
  for (const principal of ['ada', 'bob']) await spend(pool, { principal, cents: 600 })
  const rows: unknown[] = []

  await inTransaction(pool, async hanging => {
    await hanging.query('select pg_advisory_xact_lock_shared(4718502118)')
    await hanging.query('select from spend for update')
    for (const [type, id] of [
      ['user', 'ada'],
      ['organization', ''],
    ] as const) {
      await inTransaction(pool, async client => {
        await setCap(client, { scope: type === 'user' ? 'user:ada' : type, amount: 5000 })
        const scope = { type, id }
        await client.query(`set local lock_timeout = '7s'`)
        await rearmAlerts(client, { scope, period: 'monthly', key: '2026-11', groupLimitMode: 'min' })
        rows.push(...(await client.query('show lock_timeout')).rows)
      })
    }
  })

  const { rows: standing } = await pool.query('select scope from spend_alerts where rearmed_at is null')
  assert.deepEqual([rows, standing], [[{ lock_timeout: '7s' }, { lock_timeout: '7s' }], []])
})

/** How many sessions of the database wait for a lock. */
async function waiting({ pool }: TestDatabase): Promise<number> {
  const { rows } = await pool.query<{ sessions: number }>(
    `select count(*)::int as sessions from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows[0]?.sessions ?? 0
}
