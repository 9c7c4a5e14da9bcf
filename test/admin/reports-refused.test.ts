// What is wrong with the parameters of a report or list: the first problem, by its name.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type AdminRig, assertAdminRefusal, LIMITS, openAdmin, READ_KEY } from '../support/admin-rig.ts'
import { haveSpent, MONTH, NOW } from '../support/spend-rows.ts'

let rig: AdminRig
before(async () => {
  rig = await openAdmin({ clock: () => NOW })
  await haveSpent(rig.whole.database, { s1: { [MONTH]: 1 }, s2: { [MONTH]: 2 } })
})
after(() => rig[Symbol.asyncDispose]())

const INVALID = 'invalid_request_error'
const UNKNOWN = `spl_${'0'.repeat(32)}`

async function assertWrong(path: string, rows: readonly (readonly [query: string, message: string])[]) {
  for (const [query, message] of rows) {
    const answer = await rig.call('GET', `${LIMITS}${path}?${query}`, { key: READ_KEY })

    assertAdminRefusal(answer, 400, INVALID, message)
  }
}

const LIMIT = 'limit: must be a whole number from 1 to 1000'
const limits = ['0', '1001', '-1', '1.5', '1e2', 'ten', '', '%00', '99999', '0x10'].map(
  value => [`limit=${value}`, LIMIT] as const,
)

test('the list says what is wrong with limit, cursors and scope type', async () => {
  await assertWrong('', [
    ...limits,
    ['limit=1&limit=2', 'limit: must not be repeated'],
    [`after_id=${UNKNOWN}`, 'after_id: is not the id of a spend limit'],
    [`before_id=${UNKNOWN}`, 'before_id: is not the id of a spend limit'],
    ['after_id=', 'after_id: is not the id of a spend limit'],
    ["after_id=x'%20or%20'1'='1", 'after_id: is not the id of a spend limit'],
    ['after_id=%00', 'after_id: is not the id of a spend limit'],
    [`after_id=${UNKNOWN}&before_id=${UNKNOWN}`, 'before_id: must not stand beside after_id'],
    ['scope_type=team', 'scope_type: must be one of user, rbac_group, organization'],
    ['scope_type=', 'scope_type: must be one of user, rbac_group, organization'],
  ])
})

test('the trail says what is wrong with limit and cursor', async () => {
  const rule = 'after_id: must be a whole number'
  await assertWrong('/audit', [
    ...limits,
    ...['x', '', '-1', '1.0', '1;drop table admin_audit', '9'.repeat(19), '%00'].map(
      value => [`after_id=${encodeURIComponent(value)}`, rule] as const,
    ),
    ['after_id=1&after_id=2', 'after_id: must not be repeated'],
  ])
})

const NAME = 'must be text of 1 to 256 characters, without control characters'

test('the report says what is wrong with its parameters', async () => {
  await assertWrong('/effective', [
    ...limits,
    ['user_ids[]=', `user_ids[]: ${NAME}`],
    ['user_ids[]=a%00b', `user_ids[]: ${NAME}`],
    [`user_ids[]=${'a'.repeat(257)}`, `user_ids[]: ${NAME}`],
    [Array(1001).fill('user_ids[]=a').join('&'), 'user_ids[]: must not stand there more than 1000 times'],
    ['period[]=yearly', 'period[]: must be one of daily, weekly, monthly'],
    ['period[]=', 'period[]: must be one of daily, weekly, monthly'],
    ['q=a%0Ab', 'q: must be text of at most 256 characters, without control characters'],
    [`q=${'a'.repeat(257)}`, 'q: must be text of at most 256 characters, without control characters'],
    ['q=a&q=b', 'q: must not be repeated'],
    ['sort=name', 'sort: must be one of spend_desc'],
    ['sort=spend_desc', 'sort: spend_desc needs exactly one period[]'],
    ['sort=spend_desc&period[]=daily&period[]=weekly', 'sort: spend_desc needs exactly one period[]'],
    ['page=x', 'page: is not a token that this gateway gave'],
    ['page=', 'page: is not a token that this gateway gave'],
  ])
})

test('a page token is refused when it was changed, and with other filters or another report', async () => {
  const { next_page } = await rig.done('GET', `${LIMITS}/effective?limit=1`)
  const page = String(next_page)
  const forged = Buffer.from(JSON.stringify({ v: 1, last: ['s1', '0'], of: '' })).toString('base64url')
  const otherMonth = await rig.whole.gateway.services.sealer.seal('state', { v: 1, last: ['s1'], of: '' })
  const notOurs = 'page: is not a token that this gateway gave'
  const others = 'page: belongs to other filters'

  // The last character of a base64url text may hold bits that decode to nothing: change one in the middle.
  const middle = Math.floor(page.length / 2)
  const changed = page.slice(0, middle) + (page[middle] === 'A' ? 'B' : 'A') + page.slice(middle + 1)
  await assertWrong('/effective', [
    [`page=${changed}`, notOurs],
    [`page=${page.slice(0, -9)}`, notOurs],
    [`page=${forged}`, notOurs],
    [`page=${otherMonth}`, notOurs],
    [`page=${page}&q=s`, others],
    [`page=${page}&period[]=daily`, others],
    [`page=${page}&period[]=monthly&sort=spend_desc`, others],
    [`page=${page}&user_ids[]=s1`, others],
    [`page=${page}&page=${page}`, 'page: must not be repeated'],
  ])
  await assertWrong('/pools', [...limits, [`page=${page}`, others], ['page=x', notOurs]])
  const same = await rig.call('GET', `${LIMITS}/effective?page=${page}&limit=7&unknown=1`)
  assert.equal(same.status, 200)
})
