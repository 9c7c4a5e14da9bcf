// Who may use the Admin API, and that nobody else learns or changes anything.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, beforeEach, test } from 'node:test'
import { createCredentials } from '../../app/admin/credentials.ts'
import {
  type AdminRequest,
  type AdminRig,
  assertAdminRefusal,
  LIMITS,
  openAdmin,
  READ_KEY,
  WRITE_KEY,
} from '../support/admin-rig.ts'

let rig: AdminRig
let time = Date.now()
before(async () => {
  rig = await openAdmin({ clock: () => time })
})
after(() => rig[Symbol.asyncDispose]())
beforeEach(() => {
  ;(rig.whole.gateway.events as unknown[]).length = 0 // each test reads its own
})

const UNKNOWN_ID = `${LIMITS}/spl_${'0'.repeat(32)}`
const CALLS = [
  ['POST', LIMITS],
  ['GET', LIMITS],
  ['GET', UNKNOWN_ID],
  ['DELETE', UNKNOWN_ID],
  ['GET', `${LIMITS}/effective`],
  ['GET', `${LIMITS}/audit`],
  ['GET', `${LIMITS}/pools`],
  ['DELETE', '/v1/organizations/principals/s1'],
] as const
const BODY = { scope: { type: 'organization' }, amount: '1' }
const TEXTS = {
  no_credentials: 'the Admin API needs an x-api-key, or the bearer of an administrator',
  invalid_key: 'the x-api-key is not one of this gateway',
  bearer_rejected: 'the bearer is not valid, or not one of an administrator',
} as const

async function assertKeptOut(reason: keyof typeof TEXTS, request: AdminRequest) {
  const answer = await rig.call('POST', `${LIMITS}?x-api-key=${WRITE_KEY}`, {
    key: null,
    body: BODY,
    ...request,
  })

  assertAdminRefusal(answer, 401, 'authentication_error', TEXTS[reason])
  const denied = { evt: 'admin.denied', reason, method: 'POST', path: LIMITS, client_ip: '127.0.0.1' }
  assert.deepEqual(rig.events().at(-1), denied)
  assert.deepEqual(await rig.rows('spend_limits'), [])
}

test('without a credential every call is 401, whatever its body and query are', async () => {
  for (const [method, target] of CALLS) {
    const answer = await rig.call(method, `${target}?limit=wrong&page=x`, { key: null, body: '{' })

    assertAdminRefusal(answer, 401, 'authentication_error', TEXTS.no_credentials)
  }
  assert.equal(rig.events().length, CALLS.length)
})

test('a key is one of the configured ones to the last byte, and stands alone in its one header', async () => {
  const wrong = ['', ' ', WRITE_KEY.slice(0, -1), `${WRITE_KEY}x`, WRITE_KEY.toUpperCase(), 'x'.repeat(40)]
  for (const key of [
    ...wrong,
    'x'.repeat(513),
    'ü'.repeat(40),
    `Bearer ${WRITE_KEY}`,
    `${WRITE_KEY},${WRITE_KEY}`,
  ]) {
    await assertKeptOut('invalid_key', { headers: { 'x-api-key': key } })
  }
  await assertKeptOut('invalid_key', { headers: { 'x-api-key': [WRITE_KEY, WRITE_KEY] } })
  await assertKeptOut('invalid_key', { headers: { 'x-api-key': [WRITE_KEY, 'other'] } })
})

test('a key is taken from x-api-key alone: no other header, no cookie, no query', async () => {
  for (const name of [
    'x_api_key',
    'api-key',
    'x-goog-api-key',
    'cookie',
    'x-admin-key',
    'x-original-x-api-key',
  ]) {
    await assertKeptOut('no_credentials', { headers: { [name]: WRITE_KEY } })
  }
  await assertKeptOut('no_credentials', { headers: { authorization: `Basic ${btoa(`admin:${WRITE_KEY}`)}` } })
  await assertKeptOut('bearer_rejected', { headers: { authorization: `Bearer ${WRITE_KEY}` } })
})

test('a read key reads everything and changes nothing', async () => {
  for (const [method, target] of CALLS) {
    const answer = await rig.call(method, target, { key: READ_KEY, body: BODY })

    if (method === 'GET') {
      assert.notEqual(answer.status, 403)
      continue
    }
    const text = 'this key may only read: a change needs a key of admin.write_keys'
    assertAdminRefusal(answer, 403, 'permission_error', text)
    const path = target
    const denied = { evt: 'admin.denied', reason: 'insufficient', method, path, client_ip: '127.0.0.1' }
    assert.deepEqual(rig.events().at(-1), denied)
  }
})

test('a bearer of an administrator may do everything, and no other bearer anything', async () => {
  const authorization = async (sub: string, groups?: string[]) => `Bearer ${await rig.bearer(sub, groups)}`
  const good = await authorization('boss', ['eng', 'owners'])

  for (const groups of [undefined, [], ['eng'], ['OWNERS'], ['owners ']]) {
    await assertKeptOut('bearer_rejected', { headers: { authorization: await authorization('dev', groups) } })
  }
  await assertKeptOut('bearer_rejected', { headers: { authorization: `${good}x` } })
  await assertKeptOut('bearer_rejected', { headers: { authorization: [good, good] } })
  // A key that is wrong is not made good by a bearer beside it.
  await assertKeptOut('invalid_key', { headers: { authorization: good, 'x-api-key': 'wrong' } })
  time += 3_600_000
  await assertKeptOut('bearer_rejected', { headers: { authorization: good } })
  time -= 3_600_000

  const { id } = await rig.set(BODY, { key: null, headers: { authorization: good } })
  await rig.done('DELETE', `${LIMITS}/${id}`, { key: null, headers: { authorization: good } })
  const [row] = await rig.rows('admin_audit')
  assert.equal(row?.['actor'], 'oidc:boss')
})

test('a bearer that was signed out is rejected', async () => {
  const token = await rig.bearer('boss', ['owners'])
  const response = await fetch(`${rig.whole.gateway.url}/oauth/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ token }),
  })
  assert.equal(response.status, 200)

  await assertKeptOut('bearer_rejected', { headers: { authorization: `Bearer ${token}` } })
})

test('each of many keys is found, wherever it stands', async () => {
  const keys = Array.from({ length: 20 }, (_, index) => ({
    ...{ id: `k${index}`, key: `key-${index}-`.padEnd(40, 'x') },
  }))
  const bearers = {
    ...{ tokens: { verify: async () => null }, revocations: { covers: () => false }, clock: Date.now },
  }
  const config = { write_keys: keys.slice(0, 10), read_keys: keys.slice(10), admin_groups: [] }
  const find = createCredentials({ config, bearers })

  const found = await Promise.all(keys.map(({ key }) => find(['X-Api-Key', key])))

  assert.deepEqual(
    found,
    keys.map(({ id }, index) => ({ actor: `admin-key:${id}`, mayWrite: index < 10 })),
  )
})

test('the presented key is compared with every key in constant time, also after it was found', () => {
  const code = readFileSync(new URL('../../app/admin/credentials.ts', import.meta.url), 'utf8')

  const comparison = /^function ownerOf[\s\S]*?^}$/m.exec(code)?.[0] ?? ''
  const loop = /for \(const key of keys\) \{([\s\S]*?)\n {2}\}/.exec(comparison)?.[1]?.trim()
  assert.equal(loop, 'if (timingSafeEqual(digest, key.digest)) owner = key.owner')
  // Nothing else compares what was presented; both sides are SHA-256.
  assert.deepEqual(code.match(/\.key\b(?!\.)|presented ===/g) ?? [], [])
  assert.match(code, /hash\('sha256', key, 'buffer'\)/)
})
