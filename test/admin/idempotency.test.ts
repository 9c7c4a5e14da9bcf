// A change that is repeated under its Idempotency-Key happens once.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  type AdminRig,
  assertAdminAnswer,
  assertAdminRefusal,
  LIMITS,
  openAdmin,
} from '../support/admin-rig.ts'

let rig: AdminRig
before(async () => {
  rig = await openAdmin({
    admin: {
      write_keys: [
        { id: 'terraform', key: 'marked-admin-write-key-0123456789abcdef' },
        { id: 'other', key: 'another-admin-write-key-0123456789abcdef' },
      ],
    },
  })
})
after(() => rig[Symbol.asyncDispose]())

const cap = (user_id: string, amount: string) => ({ scope: { type: 'user', user_id }, amount })
const post = (key: string, body: unknown) =>
  rig.call('POST', LIMITS, { body, headers: { 'idempotency-key': key } })
const REPLAYED = { 'idempotency-replayed': 'true' }
const changes = async () => (await rig.rows('admin_audit')).length

test('a repeat gets the answer of the first, word for word, and changes nothing', async () => {
  const before = await changes()

  const first = await post('key 1', cap('s1', '5'))
  await rig.set(cap('s1', '6'))
  const repeat = await post('key 1', cap('s1', '5'))
  const deleted = await rig.call('DELETE', `${LIMITS}/${JSON.parse(first.body).id}`, {
    headers: { 'idempotency-key': 'key 2' },
  })
  const again = await rig.call('DELETE', `${LIMITS}/${JSON.parse(first.body).id}`, {
    headers: { 'idempotency-key': 'key 2' },
  })

  assertAdminAnswer(first, first.body)
  assertAdminAnswer(repeat, first.body, REPLAYED)
  assertAdminAnswer(deleted, deleted.body)
  assertAdminAnswer(again, deleted.body, REPLAYED)
  assert.equal((await changes()) - before, 3)
})

test('a warning stays with the answer', async () => {
  const [first, repeat] = [await post('@', cap('a@b', '1')), await post('@', cap('a@b', '1'))]

  const warning = first.headers['x-gatehouse-warning']
  assertAdminAnswer(first, first.body, { 'x-gatehouse-warning': warning })
  assertAdminAnswer(repeat, first.body, { 'x-gatehouse-warning': warning, ...REPLAYED })
})

test('the same key with another request is a conflict: method, path, query and every byte of the body count', async () => {
  const { id } = JSON.parse((await post('same', cap('s2', '5'))).body)
  const before = await changes()
  const headers = { 'idempotency-key': 'same' }

  const answers = [
    await post('same', cap('s2', '6')),
    await post('same', `${JSON.stringify(cap('s2', '5'))} `),
    await rig.call('POST', `${LIMITS}?x`, { headers, body: cap('s2', '5') }),
    await rig.call('DELETE', `${LIMITS}/${id}`, { headers }),
  ]

  for (const answer of answers) {
    assertAdminRefusal(answer, 409, 'conflict_error', 'Idempotency-Key: was used for another request')
  }
  assert.equal(await changes(), before)
})

test('keys of one administrator say nothing about those of another', async () => {
  const body = cap('s3', '5')
  const headers = { 'idempotency-key': 'shared' }

  await rig.done('POST', LIMITS, { headers, body })
  const other = await rig.call('POST', LIMITS, {
    key: 'another-admin-write-key-0123456789abcdef',
    headers,
    body,
  })

  assert.equal(other.headers['idempotency-replayed'], undefined)
})

test('of many at once one does it, and the others wait and get its answer', async () => {
  const before = await changes()

  const answers = await Promise.all(Array.from({ length: 6 }, () => post('race', cap('s4', '5'))))

  const [body = '', ...others] = new Set(answers.map(answer => answer.body))
  assert.deepEqual(others, [])
  const replays = answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')
  assert.equal(replays.length, 5)
  assert.equal((await changes()) - before, 1)
  for (const answer of replays) assertAdminAnswer(answer, body, REPLAYED)
})

test('an answer that is no success is not kept', async () => {
  const wrong = await post('later', cap('s5', 'x'))
  const right = await post('later', cap('s5', '5'))
  const unknown = `${LIMITS}/spl_${'0'.repeat(32)}`
  const missing = await rig.call('DELETE', unknown, { headers: { 'idempotency-key': 'missing' } })

  assert.deepEqual([wrong.status, right.status, missing.status], [400, 200, 404])
  const kept = (await rig.rows('admin_idempotency')).map(row => row['key'])
  assert.deepEqual([kept.includes('later'), kept.includes('missing')], [true, false])
})

test('after a day a key is free again', async () => {
  const first = await post('old', cap('s6', '5'))
  await rig.whole.database.pool.query(
    `update admin_idempotency set expires_at = expires_at - interval '24 hours' where key = 'old'`,
  )

  const second = await post('old', cap('s6', '7'))
  const repeat = await post('old', cap('s6', '7'))

  assert.deepEqual([first.status, second.headers['idempotency-replayed']], [200, undefined])
  assertAdminAnswer(repeat, second.body, REPLAYED)
})

test('a key is 1 to 255 printable characters, once; on reads nobody looks at it', async () => {
  const rule = 'Idempotency-Key: must be 1 to 255 printable ASCII characters'
  for (const key of ['', 'x'.repeat(256), 'a\tb', 'ü']) {
    assertAdminRefusal(await post(key, cap('s7', '1')), 400, 'invalid_request_error', rule)
  }
  const headers = { 'idempotency-key': ['a', 'b'] }
  const twice = await rig.call('POST', LIMITS, { headers, body: cap('s7', '1') })
  const read = await rig.call('GET', LIMITS, { headers })

  assertAdminRefusal(twice, 400, 'invalid_request_error', 'Idempotency-Key: must not be repeated')
  assert.equal(read.status, 200)
  assert.equal((await post('x'.repeat(255), cap('s7', '1'))).status, 200)
})
