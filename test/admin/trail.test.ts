// Every change has its row in the trail, or did not happen.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  type AdminRig,
  assertAdminAnswer,
  assertAdminRefusal,
  LIMITS,
  openAdmin,
  READ_KEY,
} from '../support/admin-rig.ts'

const NO_STORE = { 'cache-control': 'no-store' }
const SCOPE = { type: 'rbac_group', rbac_group_id: 'eng' }
let rig: AdminRig
before(async () => {
  rig = await openAdmin()
})
after(() => rig[Symbol.asyncDispose]())

const trail = (query = '') => rig.call('GET', `${LIMITS}/audit${query}`, { key: READ_KEY })

test('the trail begins empty', async () => {
  assertAdminAnswer(await trail(), '{"data":[],"has_more":false,"first_id":null,"last_id":null}', NO_STORE)
})

test('a row says who changed what from what to what, and so does the log once it is done', async () => {
  const made = await rig.set({ scope: SCOPE, amount: '5', reason: 'new team' })
  const pooled = await rig.set({ scope: SCOPE, amount: null, pooled_budget: { amount: '0900' } })
  const bearer = await rig.bearer('boss', ['owners'])
  await rig.done('DELETE', `${LIMITS}/${made['id']}`, {
    ...{ key: null, headers: { authorization: `Bearer ${bearer}` } },
  })

  const answer = await trail()

  const id = made['id']
  const at = JSON.parse(answer.body).data.map((row: { created_at: string }) => row.created_at)
  const snapshot = (amount: string, updated: unknown, pool: string) =>
    `{"id":"${id}","scope":{"type":"rbac_group","rbac_group_id":"eng"},"amount":${amount},"period":"monthly",` +
    `"currency":"USD","created_at":"${made['created_at']}","updated_at":"${updated}","pooled_budget":${pool}}`
  const first = snapshot('"5"', made['updated_at'], 'null')
  const second = snapshot('null', pooled['updated_at'], '{"amount":"900"}')
  const row = (number: number, actor: string, rest: string) =>
    `{"type":"audit_event","id":"${number}","created_at":"${at[3 - number]}","actor":"${actor}",${rest}}`
  const upsert = `"action":"spend_limit.upsert","target_id":"${id}"`
  assertAdminAnswer(
    answer,
    `{"data":[${[
      row(
        3,
        'oidc:boss',
        `"action":"spend_limit.delete","target_id":"${id}","before":${second},"after":null,"reason":null`,
      ),
      row(2, 'admin-key:terraform', `${upsert},"before":${first},"after":${second},"reason":null`),
      row(1, 'admin-key:terraform', `${upsert},"before":null,"after":${first},"reason":"new team"`),
    ].join(',')}],"has_more":false,"first_id":"3","last_id":"1"}`,
    NO_STORE,
  )
  const facts = { target: id, scope_type: 'rbac_group', scope_id: 'eng', period: 'monthly' }
  const terraform = { actor: 'admin-key:terraform', ...facts }
  assert.deepEqual(rig.events(), [
    { evt: 'admin.limit.upsert', ...terraform, amount: '5' },
    { evt: 'admin.limit.upsert', ...terraform, before_amount: '5', amount: null, pool_amount: '900' },
    { evt: 'admin.limit.delete', actor: 'oidc:boss', ...facts },
  ])
})

test('pages of the trail go down from a number, and has_more is exact', async () => {
  for (const amount of ['1', '2', '3']) await rig.set({ scope: SCOPE, amount })
  const page = async (query: string) => {
    const { data, has_more, first_id, last_id } = JSON.parse((await trail(query)).body)
    return [data.map((row: { id: string }) => row.id).join(' '), has_more, first_id, last_id]
  }

  assert.deepEqual(await page('?limit=2'), ['6 5', true, '6', '5'])
  assert.deepEqual(await page('?limit=2&after_id=5'), ['4 3', true, '4', '3'])
  assert.deepEqual(await page('?limit=2&after_id=3'), ['2 1', false, '2', '1'])
  assert.deepEqual(await page('?after_id=1'), ['', false, null, null])
  assert.deepEqual(await page('?limit=6&after_id=99'), ['6 5 4 3 2 1', false, '6', '1'])
})

test('when the trail cannot be written nothing changes, is answered as done, or is told the log', async () => {
  const { pool } = rig.whole.database
  const { id } = await rig.set({ scope: { type: 'user', user_id: 'kept' }, amount: '1' })
  await pool.query(`insert into principal_emails (principal, email) values ('kept', 'kept@example.com')`)
  await pool.query('alter table admin_audit add constraint unwritable check (id < 0) not valid')
  const tables = ['spend_limits', 'admin_audit', 'pooled_spend', 'principal_emails', 'admin_idempotency']
  const state = async () => [rig.events().length, await Promise.all(tables.map(table => rig.rows(table)))]
  const untouched = await state()

  const headers = { 'idempotency-key': 'k' }
  const answers = [
    await rig.call('POST', LIMITS, { headers, body: { scope: { type: 'organization' }, amount: '9' } }),
    await rig.call('POST', LIMITS, { body: { scope: { type: 'user', user_id: 'kept' }, amount: '2' } }),
    await rig.call('POST', LIMITS, { body: { scope: SCOPE, amount: '2', pooled_budget: { amount: '1' } } }),
    await rig.call('DELETE', `${LIMITS}/${id}`),
    await rig.call('DELETE', '/v1/organizations/principals/kept?mode=full'),
  ]

  for (const answer of answers) {
    assertAdminRefusal(answer, 500, 'api_error', 'the gateway met an internal error')
  }
  assert.deepEqual(await state(), untouched)
  await pool.query('alter table admin_audit drop constraint unwritable')
})

test('of many changes of one cap at once each begins where the one before it ended', async () => {
  const scope = { type: 'user', user_id: 'contended' }

  const made = await Promise.all([1, 2, 3, 4, 5, 6].map(cents => rig.set({ scope, amount: String(cents) })))

  assert.equal(new Set(made.map(({ id }) => id)).size, 1)
  const { data } = await rig.done('GET', `${LIMITS}/audit?limit=6`)
  const rows = (data as { before: object | null; after: object }[]).toReversed()
  assert.deepEqual(
    rows.map(({ before }) => before),
    [null, ...rows.slice(0, -1).map(({ after }) => after)],
  )
})
