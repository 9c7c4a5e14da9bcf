// The shared budget of a group: set beside its cap, begun with what was spent, and reported.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type AdminRig, assertAdminAnswer, LIMITS, openAdmin, READ_KEY } from '../support/admin-rig.ts'
import { haveUsed, NOW } from '../support/spend-rows.ts'

const NO_STORE = { 'cache-control': 'no-store' }
let rig: AdminRig
before(async () => {
  rig = await openAdmin({ clock: () => NOW })
})
after(() => rig[Symbol.asyncDispose]())

const group = (name: string) => ({ type: 'rbac_group', rbac_group_id: name })
const pools = (query = '') => rig.call('GET', `${LIMITS}/pools${query}`, { key: READ_KEY })
const pooled = async () =>
  (await rig.rows('pooled_spend'))
    .map(row => [row['rbac_group_id'], row['period'], row['nano_usd']])
    .toSorted()

test('a pool is set, left alone by who does not name it, changed and removed', async () => {
  const scope = group('alone')
  const poolOf = async (more: object) => (await rig.set({ scope, amount: '5', ...more }))['pooled_budget']

  assert.equal(await poolOf({}), null)
  assert.deepEqual(await poolOf({ pooled_budget: { amount: '0500', other: 1 } }), { amount: '500' })
  assert.deepEqual(await poolOf({}), { amount: '500' })
  assert.deepEqual(await poolOf({ pooled_budget: { amount: '0' } }), { amount: '0' })
  assert.equal(await poolOf({ pooled_budget: null }), null)
  assert.equal(await poolOf({}), null)
})

test('only the monthly cap of a group shows a pool', async () => {
  const daily = await rig.set({ scope: group('alone'), amount: '5', period: 'daily' })
  const everybody = await rig.set({ scope: { type: 'organization' }, amount: '5' })
  const person = await rig.set({ scope: { type: 'user', user_id: 's1' }, amount: '5' })

  const shown = [daily, everybody, person].map(limit => 'pooled_budget' in limit)
  assert.deepEqual(shown, [false, false, false])
})

test('a pool made in mid-month begins with what its members spent of the month, each on the days of the group', async () => {
  const { database } = rig.whole
  await haveUsed(database, { day: '2026-10-31', sub: 's1', groups: ['eng'], cents: 1000 })
  await haveUsed(database, { day: '2026-11-01', sub: 's1', groups: ['eng', 'ops'], cents: 200 })
  await haveUsed(database, { day: '2026-11-01', sub: 's1', groups: ['eng', 'ops'], cents: 50 })
  await haveUsed(database, { day: '2026-11-02', sub: 's1', groups: ['ops'], cents: 30 })
  await haveUsed(database, { day: '2026-11-22', sub: 's2', groups: ['eng'], cents: 4 })
  await haveUsed(database, { day: '2026-11-22', sub: 's3', groups: [], cents: 3000 })
  await haveUsed(database, { day: '2026-12-01', sub: 's2', groups: ['eng'], cents: 9 })

  for (const name of ['eng', 'ops', 'nobody']) {
    await rig.set({ scope: group(name), amount: null, pooled_budget: { amount: '500' } })
  }

  const rows = await pooled()
  assert.deepEqual(
    rows.filter(([name]) => name !== 'alone'),
    [
      ['eng', '2026-11', '2540000000'],
      ['nobody', '2026-11', '0'],
      ['ops', '2026-11', '2800000000'],
    ],
  )
})

test('changing a pool leaves its counter, and one that is made again begins anew', async () => {
  const scope = group('eng')
  await rig.whole.database.pool.query(
    `update pooled_spend set nano_usd = 7, held_nano_usd = 3 where rbac_group_id = 'eng'`,
  )
  const counter = async () => {
    const row = (await rig.rows('pooled_spend')).find(({ rbac_group_id }) => rbac_group_id === 'eng')
    return [row?.['nano_usd'], row?.['held_nano_usd']]
  }

  await rig.set({ scope, amount: null, pooled_budget: { amount: '600' } })
  const changed = await counter()
  await rig.set({ scope, amount: null, pooled_budget: null })
  await rig.set({ scope, amount: null, pooled_budget: { amount: '600' } })
  const again = await counter()

  assert.deepEqual(
    [changed, again],
    [
      ['7', '3'],
      ['2540000000', '3'],
    ],
  )
})

test('a pool waits for what is being settled, so that its counter misses nothing', async () => {
  const settling = new pg.Client(rig.whole.database.url)
  await settling.connect()
  await settling.query('begin')
  await settling.query('select pg_advisory_xact_lock_shared(4718502118)')
  await settling.query(`insert into principal_groups values ('2026-11-22', 's9', '["late"]')`)
  await settling.query(
    `insert into usage_daily select '2026-11-22', 's9', 'm', 'u', '', 1, 0, 0, 1, 1, 0, 0, 0, 0, 42, 42`,
  )

  const made = rig.set({ scope: group('late'), amount: null, pooled_budget: { amount: '500' } })
  await locksWaitedFor()
  await settling.query('commit')
  await made
  await settling.end()

  assert.deepEqual(
    (await pooled()).find(([name]) => name === 'late'),
    ['late', '2026-11', '42'],
  )
})

/** Resolves once somebody waits for the lock. */
async function locksWaitedFor(): Promise<void> {
  for (;;) {
    const { rowCount } = await rig.whole.database.pool.query(
      `select from pg_locks where locktype = 'advisory' and not granted
          and database = (select oid from pg_database where datname = current_database())`,
    )
    if (rowCount === 1) return
  }
}

test('the report has every pool by the name of its group, with what is spent of it this month', async () => {
  const { data } = await rig.done('GET', LIMITS)
  const idOf = (name: string) =>
    (data as { id: string; scope: { rbac_group_id?: string }; period: string }[]).find(
      ({ scope, period }) => scope.rbac_group_id === name && period === 'monthly',
    )?.id
  await rig.whole.database.pool.query(`insert into pooled_spend values ('eng', '2026-12', '2026-12-01', 1)`)

  const first = await pools('?limit=2')
  const { next_page } = JSON.parse(first.body)
  const second = await pools(`?limit=2&page=${next_page}`)

  const row = (name: string, amount: string, spent: string) =>
    `{"type":"pooled_budget","rbac_group_id":"${name}","spend_limit_id":"${idOf(name)}","amount":"${amount}",` +
    `"currency":"USD","period":"monthly","period_to_date_spend":"${spent}"}`
  const pages = [
    `{"data":[${row('eng', '600', '254')},${row('late', '500', '0')}],"next_page":"${next_page}"}`,
    `{"data":[${row('nobody', '500', '0')},${row('ops', '500', '280')}],"next_page":null}`,
  ]
  assertAdminAnswer(first, pages[0] ?? '', NO_STORE)
  assertAdminAnswer(second, pages[1] ?? '', NO_STORE)
})

test('without pools the report is empty, and a group whose cap is deleted has none', async () => {
  const { data } = await rig.done('GET', `${LIMITS}/pools`)
  for (const { spend_limit_id } of data as { spend_limit_id: string }[]) {
    await rig.done('DELETE', `${LIMITS}/${spend_limit_id}`)
  }

  assertAdminAnswer(await pools(), '{"data":[],"next_page":null}', NO_STORE)
})
