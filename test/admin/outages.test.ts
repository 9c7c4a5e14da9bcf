// The Admin API without its database, without its section, and with a database that may only be read.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertAdminAnswer, assertAdminRefusal, LIMITS, openAdmin } from '../support/admin-rig.ts'
import { administer } from '../support/postgres.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { openWholeGateway } from '../support/whole-gateway.ts'

const UNKNOWN_ID = `${LIMITS}/spl_${'0'.repeat(32)}`
const BODY = { scope: { type: 'organization' }, amount: '1' }
const CALLS = [
  ['POST', LIMITS, BODY],
  ['POST', LIMITS, { scope: { type: 'user', user_id: 'a@b' }, amount: '1' }],
  ['GET', LIMITS],
  ['GET', UNKNOWN_ID],
  ['DELETE', UNKNOWN_ID],
  ['GET', `${LIMITS}/effective`],
  ['GET', `${LIMITS}/audit`],
  ['GET', `${LIMITS}/pools`],
  ['DELETE', '/v1/organizations/principals/s1?mode=full'],
] as const

async function openBehindProxy() {
  const { promise: made, resolve } = Promise.withResolvers<TcpProxy>()
  const rig = await openAdmin({
    async databaseUrl(database) {
      const proxy = await startTcpProxy(database.tcpUrl)
      resolve(proxy)
      return proxy.through(database.tcpUrl)
    },
  })
  const proxy = await made
  return {
    ...{ ...rig, proxy },
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
    },
  }
}

describe('every call says that it cannot be served now, and works again without a restart', {
  concurrency: true,
}, () => {
  for (const outage of ['cut', 'pause'] as const) {
    test(`while the database is ${outage === 'cut' ? 'gone' : 'silent'}`, async t => {
      await using rig = await openBehindProxy()
      await rig.set(BODY)
      rig.proxy[outage]()

      const answers = await Promise.all(CALLS.map(([method, path, body]) => rig.call(method, path, { body })))
      const keyless = await rig.call('GET', LIMITS, { key: null })
      const wrong = await rig.call('GET', `${LIMITS}?limit=0`)
      rig.proxy.resume()

      for (const answer of answers) {
        assertAdminRefusal(answer, 503, 'api_error', 'the store does not answer; try again')
      }
      // What needs no database needs no database.
      assert.deepEqual([keyless.status, wrong.status], [401, 400])
      // A connection that the outage cost may be noticed at its next use only.
      while ((await rig.call('GET', LIMITS)).status !== 200) t.signal.throwIfAborted()
      const { data } = await rig.done('GET', `${LIMITS}/audit`)
      assert.equal((data as unknown[]).length, 1)
    })
  }
})

test('with a database that may only be read, reads work and changes do not', async () => {
  await using rig = await openAdmin()
  await rig.set(BODY)
  const name = rig.whole.database.url.split('/').at(-1)
  await administer(`alter database ${name} set default_transaction_read_only = on`)
  await administer(
    `select pg_terminate_backend(pid, 10000) from pg_stat_activity
      where datname = '${name}' and application_name = 'gatehouse'`,
  )

  const answers = await Promise.all(CALLS.map(([method, path, body]) => rig.call(method, path, { body })))

  const rows = CALLS.map(([method, path], index) => [method, path, answers[index]?.status])
  assert.deepEqual(
    rows,
    CALLS.map(([method, path]) => [method, path, method !== 'GET' ? 503 : path === UNKNOWN_ID ? 404 : 200]),
  )
  for (const answer of answers.filter(({ status }) => status === 503)) {
    assertAdminRefusal(answer, 503, 'api_error', 'the store does not answer; try again')
  }
})

test('a change that waits too long for another one is given up, and has not happened', async () => {
  await using rig = await openAdmin()
  const { pool } = rig.whole.database
  const client = await pool.connect()
  await client.query('begin')
  await client.query('select pg_advisory_xact_lock_shared(4718502118)')
  const scope = { type: 'rbac_group', rbac_group_id: 'eng' }

  const pooled = await rig.call('POST', LIMITS, {
    body: { scope, amount: '1', pooled_budget: { amount: '9' } },
  })
  const others = await rig.call('POST', LIMITS, {
    body: { scope: { type: 'user', user_id: 's1' }, amount: '1' },
  })
  await client.query('rollback')
  client.release()

  assertAdminRefusal(pooled, 503, 'api_error', 'the store does not answer; try again')
  assertAdminAnswer(others, others.body)
  assert.deepEqual(
    (await rig.rows('spend_limits')).map(row => row['scope_type']),
    ['user'],
  )
})

test('without the section admin the paths are unknown, with every credential', async () => {
  await using whole = await openWholeGateway()
  const { token } = await whole.gateway.services.tokens.mint({ sub: 's1', groups: ['owners'] }, 'family')

  for (const [method, path] of CALLS) {
    const headers = { 'x-api-key': 'x'.repeat(40), authorization: `Bearer ${token}` }
    const answer = await fetch(`${whole.gateway.url}${path}`, { method, headers })

    const id = answer.headers.get('x-request-id')
    const error = { type: 'not_found_error', message: 'the gateway has nothing at this path' }
    assert.equal(answer.status, 404)
    assert.equal(await answer.text(), JSON.stringify({ type: 'error', request_id: id, error }))
  }
  assert.deepEqual(
    whole.gateway.events.filter(({ evt }) => evt !== 'config.load'),
    [],
  )
})
