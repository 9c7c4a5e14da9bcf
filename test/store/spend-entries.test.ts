// What one settlement changes, and that it happens once (M-31, M-32, M-36).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import { settleSpend } from '../../app/store/spend-entries.ts'
import { allOf, type EntryOptions, entry, rowsOf, SUNDAY, totals } from '../support/entries.ts'
import { createDatabase, replicaPool } from '../support/postgres.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

function settle(
  pool: pg.Pool,
  entries: readonly object[],
  released: readonly string[] = [],
): Promise<number> {
  return settleSpend(pool, { entries: JSON.stringify(entries), released })
}

const MINUTE = 60_000

test('an entry is counted for its day, its ISO week and its month, in the use of the day, and with its groups', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const changes = { billing_group: 'team', estimated: true, aborted: true, web_search_requests: '2' }

  const fresh = await settle(pool, [entry({ groups: ['eng', 'ops'], changes })])

  assert.equal(fresh, 1)
  const counters = `select principal, period, period_start::text, nano_usd, held_nano_usd from spend order by period`
  assert.deepEqual(await rowsOf(pool, counters), [
    { principal: 'dev', period: '2026-11', period_start: '2026-11-01', nano_usd: '100', held_nano_usd: '0' },
    {
      principal: 'dev',
      period: '2026-11-29',
      period_start: '2026-11-29',
      nano_usd: '100',
      held_nano_usd: '0',
    },
    { principal: 'dev', period: '2026-W48', period_start: '2026-11-23', nano_usd: '100', held_nano_usd: '0' },
  ])
  const day = { day: '2026-11-29', principal: 'dev', model: 'claude-sonnet-5', upstream: 'main' }
  const tokens = { input_tokens: '10', output_tokens: '5', cache_read_tokens: '0', web_search_requests: '2' }
  const cached = { cache_write_5m_tokens: '0', cache_write_1h_tokens: '0' }
  assert.deepEqual(await rowsOf(pool, `select *, day::text from usage_daily`), [
    {
      ...{ ...day, billing_group: 'team', requests: '1', aborted_requests: '1', estimated_requests: '1' },
      ...{ ...tokens, ...cached, nano_usd: '100', list_nano_usd: '200' },
    },
  ])
  assert.deepEqual(await rowsOf(pool, `select principal, day::text, groups from principal_groups`), [
    { principal: 'dev', day: '2026-11-29', groups: ['eng', 'ops'] },
  ])
  assert.deepEqual(await rowsOf(pool, `select * from pooled_spend`), [])
})

test('entries that are settled together are summed by key, and the latest says which groups a person has', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const made: EntryOptions[] = [
    { groups: ['new'], at: SUNDAY + 2 * MINUTE },
    { groups: ['old'], at: SUNDAY },
    { sub: 'other' },
    { at: SUNDAY + 24 * 60 * MINUTE },
  ]

  await settle(pool, made.map(entry))

  assert.deepEqual(await totals(pool), allOf(400n))
  const counters = `select principal || ' ' || period || ' ' || nano_usd as row from spend order by 1`
  assert.deepEqual(
    (await rowsOf(pool, counters)).map(row => Object.values(row as object)[0]),
    [
      'dev 2026-11 300',
      'dev 2026-11-29 200',
      'dev 2026-11-30 100',
      'dev 2026-W48 200',
      'dev 2026-W49 100',
      'other 2026-11 100',
      'other 2026-11-29 100',
      'other 2026-W48 100',
    ],
  )
  const groups = `select groups from principal_groups where principal = 'dev' order by day`
  assert.deepEqual(await rowsOf(pool, groups), [{ groups: ['new'] }, { groups: [] }])
})

test('an entry that is settled a hundred times at once, alone and among others, is billed once', async () => {
  await using database = await createDatabase()
  const pool = replicaPool(database.url, 20)
  const same = entry()

  const fresh = await Promise.all(
    Array.from({ length: 100 }, (_, n) => settle(pool, n % 2 === 0 ? [same] : [entry(), same, same])),
  )

  assert.equal(
    fresh.reduce((sum, count) => sum + count),
    51,
  )
  assert.deepEqual(await totals(database.pool), allOf(5100n))
  await pool.end()
})

test('a connection that is cut between the commit and its answer costs nothing: the entry is settled again', async () => {
  await using database = await createDatabase()
  await using proxy = await startTcpProxy(database.tcpUrl)
  const pool = replicaPool(proxy.through(database.tcpUrl), 1)
  await pool.query('select 1')
  const made = entry()

  proxy.deafen()
  const first = assert.rejects(settle(pool, [made]))
  while ((await totals(database.pool))['entries'] === '0');
  proxy.cut()
  await first
  proxy.resume()
  const fresh = await settle(pool, [made])

  assert.equal(fresh, 0)
  assert.deepEqual(await totals(database.pool), allOf(100n))
  await pool.end()
})

test('every pool of the groups in the bearer is charged once, and groups without a pool are not', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await pool.query(`
    insert into spend_limits (id, scope_type, scope_id, period, amount, pool_amount, created_by) values
      ('1', 'rbac_group', 'eng', 'monthly', null, 500, 'test'),
      ('2', 'rbac_group', 'ops', 'monthly', 100, 0, 'test'),
      ('3', 'rbac_group', 'all', 'monthly', 100, null, 'test')`)

  await settle(pool, [entry({ groups: ['eng', 'ops', 'all', 'eng'] }), entry({ groups: ['eng'] }), entry()])

  const pools = `select rbac_group_id, period, period_start::text, nano_usd from pooled_spend order by 1`
  assert.deepEqual(await rowsOf(pool, pools), [
    { rbac_group_id: 'eng', period: '2026-11', period_start: '2026-11-01', nano_usd: '200' },
    { rbac_group_id: 'ops', period: '2026-11', period_start: '2026-11-01', nano_usd: '100' },
  ])
})

test('a settlement gives its hold back, and so does a request that used nothing, each once', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const [used, unused, running] = [entry(), entry(), entry()]
  await pool.query(`
    insert into spend (principal, period, period_start, nano_usd, held_nano_usd)
    select 'dev', period, '2026-11-01', 7, 90 from unnest('{2026-11-29,2026-W48,2026-11}'::text[]) period;
    insert into pooled_spend (rbac_group_id, period, period_start, held_nano_usd)
    values ('eng', '2026-11', '2026-11-01', 90)`)
  for (const { entry_id } of [used, unused, running]) {
    await pool.query(
      `insert into spend_holds values ($1, 'dev', '{2026-11-29,2026-W48,2026-11}', '{eng}', 30, now())`,
      [entry_id],
    )
  }

  for (let times = 0; times < 2; times += 1) await settle(pool, [used], [unused.entry_id])

  const held = `select period, nano_usd, held_nano_usd from spend order by 1`
  assert.deepEqual(
    await rowsOf(pool, held),
    ['2026-11', '2026-11-29', '2026-W48'].map(period => ({ period, nano_usd: '107', held_nano_usd: '30' })),
  )
  assert.deepEqual(await rowsOf(pool, `select held_nano_usd from pooled_spend`), [{ held_nano_usd: '30' }])
  assert.deepEqual(await rowsOf(pool, `select entry_id from spend_holds`), [{ entry_id: running.entry_id }])
})

test('replicas that settle the same people in another order all get through, and counters agree at every moment', async () => {
  await using database = await createDatabase()
  const pool = replicaPool(database.url, 8)
  const people = Array.from({ length: 40 }, (_, n) => `dev-${n}`)

  let isOver = false
  const watched = (async () => {
    while (!isOver) {
      const { entries, ...counters } = await totals(database.pool)
      assert.deepEqual(new Set(Object.values(counters)), new Set([entries]))
    }
  })()
  await Promise.all(
    Array.from({ length: 16 }, (_, n) => {
      const order = n % 2 === 0 ? people : people.toReversed()
      return settle(
        pool,
        order.map(sub => entry({ sub, groups: ['eng'] })),
      )
    }),
  )

  isOver = true
  await watched
  assert.deepEqual(await totals(database.pool), allOf(64_000n))
  await pool.end()
})

test('five hundred entries of as many people are one statement', async () => {
  await using database = await createDatabase()
  const groups = Array.from({ length: 50 }, (_, n) => `group-${n}`)
  const entries = Array.from({ length: 500 }, (_, n) => entry({ sub: `dev-${n}`, groups }))

  const fresh = await settle(database.pool, entries)

  assert.equal(fresh, 500)
  assert.deepEqual(await totals(database.pool), allOf(50_000n))
})
