// Caps are set, replaced, shown and deleted, and each answer is the manual's to the byte.
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
import { NOW } from '../support/spend-rows.ts'

let rig: AdminRig
before(async () => {
  rig = await openAdmin()
})
after(() => rig[Symbol.asyncDispose]())

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const NO_STORE = { 'cache-control': 'no-store' }

test('a cap is made, shown, replaced under its id, and deleted', async () => {
  const scope = { type: 'user', user_id: 's1' }

  const made = await rig.call('POST', LIMITS, { body: { scope, amount: '50000' } })
  const { id, created_at, updated_at } = JSON.parse(made.body)
  const shown = await rig.call('GET', `${LIMITS}/${id}`, { key: READ_KEY })
  const again = await rig.call('POST', LIMITS, { body: { scope, amount: '50000', period: 'monthly' } })
  const second = JSON.parse(again.body)
  const unlimited = await rig.call('POST', LIMITS, { body: { scope, amount: null, currency: 'USD' } })
  const third = JSON.parse(unlimited.body)
  const deleted = await rig.call('DELETE', `${LIMITS}/${id}`)
  const gone = await rig.call('GET', `${LIMITS}/${id}`)
  const twice = await rig.call('DELETE', `${LIMITS}/${id}`)

  assert.match(id, /^spl_[0-9a-f]{32}$/)
  assert.match(created_at, TIME)
  assert.equal(updated_at, created_at)
  const document = (amount: string, updated: string) =>
    `{"type":"spend_limit","id":"${id}","created_at":"${created_at}","updated_at":"${updated}",` +
    `"scope":{"type":"user","user_id":"s1"},"amount":${amount},"currency":"USD","period":"monthly"}`
  assertAdminAnswer(made, document('"50000"', updated_at))
  assertAdminAnswer(shown, document('"50000"', updated_at), NO_STORE)
  assert.ok(second.updated_at > updated_at && third.updated_at > second.updated_at)
  assertAdminAnswer(again, document('"50000"', second.updated_at))
  assertAdminAnswer(unlimited, document('null', third.updated_at))
  assertAdminAnswer(deleted, `{"type":"spend_limit_deleted","id":"${id}"}`)
  for (const answer of [gone, twice]) {
    assertAdminRefusal(answer, 404, 'not_found_error', 'there is no spend limit with this id')
  }
})

test('each scope and period has a cap of its own, and leading zeros are dropped', async () => {
  const scopes = [
    [{ type: 'rbac_group', rbac_group_id: 'eng', newer: 1 }, '{"type":"rbac_group","rbac_group_id":"eng"}'],
    [{ type: 'organization' }, '{"type":"organization"}'],
  ] as const
  for (const [scope, written] of scopes) {
    for (const period of ['daily', 'weekly']) {
      const answer = await rig.call('POST', LIMITS, { body: { scope, period, amount: '0001', other: [] } })

      const { id, created_at } = JSON.parse(answer.body)
      assertAdminAnswer(
        answer,
        `{"type":"spend_limit","id":"${id}","created_at":"${created_at}","updated_at":"${created_at}",` +
          `"scope":${written},"amount":"1","currency":"USD","period":"${period}"}`,
      )
    }
  }
  const body = { scope: { type: 'organization' }, amount: '999999999999999999' }
  assert.equal((await rig.set(body))['amount'], '999999999999999999')
  assert.equal((await rig.set({ ...body, amount: '000' }))['amount'], '0')
})

test('the content type of a body is not looked at', async () => {
  const body = '{"scope":{"type":"organization"},"amount":"7","period":"daily"}'

  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'x']) {
    const { status } = await rig.call('POST', LIMITS, { body, headers: { 'content-type': type } })

    assert.equal(status, 200)
  }
})

test('a cap for an address warns that caps match subjects, and says whose address it was', async () => {
  await rig.whole.database.pool.query(
    `insert into principal_emails (principal, email, name) values
       ('00u-2', 'Bo@Example.com', 'Bo'), ('00ü"1', 'bo@example.com', null), ('x', 'other@example.com', null)`,
  )
  const set = (user_id: string) =>
    rig.call('POST', LIMITS, { body: { scope: { type: 'user', user_id }, amount: '1' } })

  const [known, unknown, plain] = [await set('bo@EXAMPLE.com'), await set('no@body'), await set('00u-2')]

  const warning = 'user_id looks like an email address, and limits match the sub of a token;'
  assertAdminAnswer(known, known.body, {
    'x-gatehouse-warning': `${warning} last seen with it: "00u-2", "00\\u00fc\\"1"`,
  })
  assertAdminAnswer(unknown, unknown.body, {
    'x-gatehouse-warning': `${warning} nobody was last seen with it`,
  })
  assertAdminAnswer(plain, plain.body)
})

test('ids that cannot be one are unknown, whatever they hold', async () => {
  for (const id of ["x'%20or%20'1'='1", 'spl_%00', `spl_${'0'.repeat(32)}`, `SPL_${'0'.repeat(32)}`]) {
    for (const method of ['GET', 'DELETE']) {
      const answer = await rig.call(method, `${LIMITS}/${id}`)

      assertAdminRefusal(answer, 404, 'not_found_error', 'there is no spend limit with this id')
    }
  }
})

test('paths and methods follow the rest of the gateway: 404 and 405 in the messages shape, asking for no key', async () => {
  const rows = [
    ['PUT', LIMITS, 405, 'PUT is not served here', 'POST, GET'],
    ['HEAD', LIMITS, 405, '', 'POST, GET'],
    ['DELETE', LIMITS, 405, 'DELETE is not served here', 'POST, GET'],
    ['POST', `${LIMITS}/spl_1`, 405, 'POST is not served here', 'GET, DELETE'],
    ['GET', `${LIMITS}/`, 404, 'the gateway has nothing at this path', undefined],
    ['GET', `${LIMITS}/a/b`, 404, 'the gateway has nothing at this path', undefined],
    ['GET', '/v1/organizations', 404, 'the gateway has nothing at this path', undefined],
  ] as const
  for (const [method, target, status, message, allow] of rows) {
    const answer = await rig.call(method, target, { key: null })

    const id = answer.headers['x-request-id']
    const type = status === 404 ? 'not_found_error' : 'invalid_request_error'
    const body = JSON.stringify({ type: 'error', request_id: id, error: { type, message } })
    assert.deepEqual([answer.status, answer.headers['allow']], [status, allow])
    assert.equal(answer.body, method === 'HEAD' ? '' : body)
  }
})

test('a developer sees a cap that was set, changed or deleted at once, within the two seconds of memory', async () => {
  await using still = await openAdmin({ clock: () => NOW })
  const authorization = `Bearer ${await still.bearer('s1')}`
  const limitSeen = async () => {
    const answer = await still.call('GET', '/api/oauth/usage', { key: null, headers: { authorization } })
    return JSON.parse(answer.body).extra_usage.monthly_limit
  }
  const scope = { type: 'user', user_id: 's1' }

  const seen = [await limitSeen()]
  const { id } = await still.set({ scope, amount: '500' })
  seen.push(await limitSeen())
  await still.set({ scope, amount: '700' })
  seen.push(await limitSeen())
  await still.done('DELETE', `${LIMITS}/${id}`)
  seen.push(await limitSeen())
  await still.set({ scope, amount: '900' })
  seen.push(await limitSeen())
  await still.done('DELETE', '/v1/organizations/principals/s1')
  seen.push(await limitSeen())

  assert.deepEqual(seen, [null, 500, 700, null, 900, null])
})
