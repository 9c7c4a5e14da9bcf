// The list of caps: oldest first, forth and back, of one kind of scope, to the byte.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type AdminRig, assertAdminAnswer, LIMITS, openAdmin, READ_KEY } from '../support/admin-rig.ts'

const NO_STORE = { 'cache-control': 'no-store' }
let rig: AdminRig
const limits: { id: string; created_at: string }[] = []
before(async () => {
  rig = await openAdmin()
})
after(() => rig[Symbol.asyncDispose]())

const list = (query = '') => rig.call('GET', `${LIMITS}${query}`, { key: READ_KEY })
async function page(query: string) {
  const { data, ...rest } = JSON.parse((await list(query)).body)
  const numbers = data.map(({ id }: { id: string }) => limits.findIndex(limit => limit.id === id))
  assert.deepEqual(
    [rest.first_id, rest.last_id],
    [limits[numbers[0]]?.id ?? null, limits[numbers.at(-1)]?.id ?? null],
  )
  return [numbers, rest.has_more]
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

test('an empty list has neither first nor last', async () => {
  assertAdminAnswer(await list(), '{"data":[],"has_more":false,"first_id":null,"last_id":null}', NO_STORE)
})

test('a list has its caps whole, in the order in which they were made', async () => {
  for (const [scope, period] of [
    [{ type: 'user', user_id: 's0' }, 'daily'],
    [{ type: 'rbac_group', rbac_group_id: 'eng' }, 'monthly'],
  ] as const) {
    limits.push((await rig.set({ scope, period, amount: '1' })) as never)
  }

  const answer = await list()

  const [user, group] = limits
  assertAdminAnswer(
    answer,
    `{"data":[{"type":"spend_limit","id":"${user?.id}","created_at":"${user?.created_at}",` +
      `"updated_at":"${user?.created_at}","scope":{"type":"user","user_id":"s0"},"amount":"1","currency":"USD",` +
      `"period":"daily"},{"type":"spend_limit","id":"${group?.id}","created_at":"${group?.created_at}",` +
      `"updated_at":"${group?.created_at}","scope":{"type":"rbac_group","rbac_group_id":"eng"},"amount":"1",` +
      `"currency":"USD","period":"monthly","pooled_budget":null}],"has_more":false,` +
      `"first_id":"${user?.id}","last_id":"${group?.id}"}`,
    NO_STORE,
  )
})

test('pages go on after a cap and end before one, and has_more speaks of the direction', async () => {
  for (const index of range(2, 25)) {
    const scope = { type: 'user', user_id: `s${index}` }
    limits.push((await rig.set({ scope, amount: String(index) })) as never)
  }
  // Several of one moment are told apart by their ids.
  await rig.whole.database.pool.query(
    `update spend_limits set created_at = '2027-01-01' where id = any ($1)`,
    [limits.slice(20).map(({ id }) => id)],
  )
  limits.push(...limits.splice(20).toSorted((a, b) => (a.id < b.id ? -1 : 1)))
  const id = (index: number) => limits[index]?.id

  assert.deepEqual(await page(''), [range(0, 20), true])
  assert.deepEqual(await page('?limit=1000'), [range(0, 25), false])
  assert.deepEqual(await page(`?limit=10&after_id=${id(9)}`), [range(10, 20), true])
  assert.deepEqual(await page(`?limit=5&after_id=${id(19)}`), [range(20, 25), false])
  assert.deepEqual(await page(`?limit=2&after_id=${id(21)}`), [[22, 23], true])
  assert.deepEqual(await page(`?after_id=${id(24)}`), [[], false])
  assert.deepEqual(await page(`?limit=10&before_id=${id(24)}`), [range(14, 24), true])
  assert.deepEqual(await page(`?limit=2&before_id=${id(22)}`), [[20, 21], true])
  assert.deepEqual(await page(`?limit=3&before_id=${id(3)}`), [[0, 1, 2], false])
  assert.deepEqual(await page(`?limit=3&before_id=${id(2)}`), [[0, 1], false])
  assert.deepEqual(await page(`?before_id=${id(0)}`), [[], false])
})

test('a list may be of one kind of scope; what else stands in the query is ignored', async () => {
  assert.deepEqual(await page('?scope_type=rbac_group'), [[1], false])
  assert.deepEqual(await page('?scope_type=organization'), [[], false])
  assert.deepEqual(await page(`?scope_type=user&limit=2&after_id=${limits[1]?.id}`), [[2, 3], true])
  assert.deepEqual(await page(`?scope_type=user&limit=2&before_id=${limits[2]?.id}`), [[0], false])
  assert.deepEqual(await page('?limit=1&page=9&order=desc&period=daily'), [[0], true])
})
