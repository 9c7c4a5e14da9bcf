// What is wrong with a cap that somebody wants to set: the first problem, by its field.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type AdminRig, assertAdminRefusal, LIMITS, openAdmin } from '../support/admin-rig.ts'

let rig: AdminRig
before(async () => {
  rig = await openAdmin()
})
after(() => rig[Symbol.asyncDispose]())

const INVALID = 'invalid_request_error'
const NAME = 'must be text of 1 to 256 characters, without control characters'
const everybody = { type: 'organization' }
const group = { type: 'rbac_group', rbac_group_id: 'eng' }
const amount = '1'

async function assertWrong(rows: readonly (readonly [body: unknown, message: string])[]) {
  for (const [body, message] of rows) {
    const answer = await rig.call('POST', LIMITS, { body })

    assertAdminRefusal(answer, 400, INVALID, message)
  }
  assert.deepEqual(await rig.rows('spend_limits'), [])
  assert.deepEqual(await rig.rows('admin_audit'), [])
}

test('a body must be one JSON object', async () => {
  await assertWrong([
    ['', 'body: must be JSON'],
    ['{', 'body: must be JSON'],
    ['{"scope":}', 'body: must be JSON'],
    [Buffer.from('{"scope":"\xff"}', 'latin1'), 'body: must be JSON'],
    ['scope=organization', 'body: must be JSON'],
    ['[]', 'body: must be an object'],
    ['null', 'body: must be an object'],
    ['"x"', 'body: must be an object'],
    ['1', 'body: must be an object'],
    ['['.repeat(32_000) + ']'.repeat(32_000), 'body: must be an object'],
    [`{"a":${'['.repeat(32_000)}${']'.repeat(32_000)}}`, 'scope: is required'],
    ['{"__proto__":{"scope":{"type":"organization"},"amount":"1"}}', 'scope: is required'],
  ])
})

test('a scope must be one of the three, with its member', async () => {
  const types = 'scope.type: must be one of user, rbac_group, organization'
  await assertWrong([
    [{ amount }, 'scope: is required'],
    [{ scope: null, amount }, 'scope: must be an object'],
    [{ scope: 'organization', amount }, 'scope: must be an object'],
    [{ scope: [everybody], amount }, 'scope: must be an object'],
    [{ scope: {}, amount }, types],
    [{ scope: { type: 'team' }, amount }, types],
    [{ scope: { type: ['user'] }, amount }, types],
    [{ scope: { type: 'user' }, amount }, `scope.user_id: ${NAME}`],
    [{ scope: { type: 'user', user_id: '' }, amount }, `scope.user_id: ${NAME}`],
    [{ scope: { type: 'user', user_id: 7 }, amount }, `scope.user_id: ${NAME}`],
    [{ scope: { type: 'user', user_id: 'a'.repeat(257) }, amount }, `scope.user_id: ${NAME}`],
    [{ scope: { type: 'user', user_id: 'a\u0000b' }, amount }, `scope.user_id: ${NAME}`],
    [{ scope: { type: 'user', user_id: 'a\r\nb' }, amount }, `scope.user_id: ${NAME}`],
    [{ scope: { type: 'user', user_id: 'a\u0085' }, amount }, `scope.user_id: ${NAME}`],
    ['{"scope":{"type":"user","user_id":"\\ud800"},"amount":"1"}', `scope.user_id: ${NAME}`],
    [{ scope: { type: 'rbac_group', user_id: 'eng' }, amount }, `scope.rbac_group_id: ${NAME}`],
    [{ scope: { type: 'rbac_group', rbac_group_id: null }, amount }, `scope.rbac_group_id: ${NAME}`],
  ])
})

test('an amount must be null or cents as text', async () => {
  const rule = 'amount: must be null or a string of 1 to 18 digits, in cents'
  const wrong = [5, 0, '', '-1', '+1', '1.0', '1e3', ' 1', '1\n', '0x1', '1'.repeat(19), '١', true, {}, []]
  await assertWrong([
    [{ scope: everybody }, 'amount: is required'],
    ...wrong.map(value => [{ scope: everybody, amount: value }, rule] as const),
  ])
})

test('period, currency and reason have their rules', async () => {
  const periods = 'period: must be one of daily, weekly, monthly'
  const reason = 'reason: must be text of at most 500 characters, without control characters'
  const rows = [
    [{ period: 'yearly' }, periods],
    [{ period: null }, periods],
    [{ period: 'Monthly' }, periods],
    [{ currency: 'EUR' }, 'currency: must be USD'],
    [{ currency: null }, 'currency: must be USD'],
    [{ reason: 7 }, reason],
    [{ reason: 'a'.repeat(501) }, reason],
    [{ reason: 'a\u001b[31m' }, reason],
    [{ period: 'x', currency: 'x' }, periods],
  ] as const
  await assertWrong(rows.map(([more, message]) => [{ scope: everybody, amount, ...more }, message]))
})

test('a pool belongs to a group and a month', async () => {
  const place = 'pooled_budget: belongs to scope rbac_group with period monthly only'
  const cents = 'pooled_budget.amount: must be a string of 1 to 18 digits, in cents'
  const pool = { amount: '9' }
  await assertWrong([
    [{ scope: everybody, amount, pooled_budget: pool }, place],
    [{ scope: everybody, amount, pooled_budget: null }, place],
    [{ scope: { type: 'user', user_id: 's1' }, amount, pooled_budget: pool }, place],
    [{ scope: group, amount, period: 'daily', pooled_budget: pool }, place],
    [{ scope: group, amount, pooled_budget: '9' }, 'pooled_budget: must be null or an object'],
    [{ scope: group, amount, pooled_budget: [] }, 'pooled_budget: must be null or an object'],
    [{ scope: group, amount, pooled_budget: {} }, cents],
    [{ scope: group, amount, pooled_budget: { amount: null } }, cents],
    [{ scope: group, amount, pooled_budget: { amount: 9 } }, cents],
  ])
})

test('256 characters are 256 characters, wherever they are from', async () => {
  for (const user_id of [
    'a'.repeat(256),
    '😀'.repeat(256),
    "'; drop table spend_limits; --",
    '<b>"\\',
    '名',
  ]) {
    const { id } = await rig.set({ scope: { type: 'user', user_id }, amount })

    const { scope } = await rig.done('GET', `${LIMITS}/${id}`)
    assert.deepEqual(scope, { type: 'user', user_id })
  }
})

test('a body of more than 64 KiB is refused by its length, before a byte is read', async () => {
  const answer = await rig.call('POST', LIMITS, { headers: { 'content-length': '65537' } })
  const chunked = await rig.call('POST', LIMITS, { headers: { 'transfer-encoding': 'chunked' }, body: '{}' })
  const fits = `{"scope":{"type":"organization"},"amount":"1","period":"daily","x":"`
  const largest = await rig.call('POST', LIMITS, { body: `${fits.padEnd(65_534, 'x')}"}` })

  const tooLarge = 'the request body is larger than 65536 bytes'
  assertAdminRefusal(answer, 413, 'request_too_large', tooLarge)
  assertAdminRefusal(chunked, 411, INVALID, 'the request needs a Content-Length')
  assert.equal(largest.status, 200)
})
