import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openState } from '../../app/oauth/state.ts'
import { askForCodes, cookieOf, press, titleOf } from '../support/device-browser.ts'
import { createDatabase } from '../support/postgres.ts'
import { type SignInGatewayOptions, startSignInGateway } from '../support/sign-in-gateway.ts'
import { stubSignIn } from '../support/stub-sign-in.ts'

async function start(options: Partial<SignInGatewayOptions> = {}) {
  const database = await createDatabase()
  const { pool } = database
  const gateway = await startSignInGateway({
    ...{ pool, signIn: stubSignIn(), trustedProxies: ['127.0.0.1'], ...options },
  })
  return {
    ...{ pool, gateway },
    verdict: () =>
      gateway.events
        .filter(({ evt }) => evt !== 'device.authorize')
        .map(event => ({ ...event, request_id: '' })),
    status: async () => (await pool.query('select status from device_grants')).rows[0]?.status,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

test('Continue sends the browser to the identity provider with a sealed state and a binding cookie', async () => {
  await using sut = await start()
  const { user_code, device_code } = await askForCodes(sut.gateway)

  const answer = await press(sut.gateway, { userCode: user_code })

  const target = new URL(answer.headers.location ?? '')
  const sealed = target.searchParams.get('state') ?? ''
  const state = await openState(sut.gateway.sealer, sealed, Date.now)
  assert.deepEqual(
    [answer.status, target.origin, target.pathname, target.searchParams.get('tenant')],
    [302, 'https://idp.example', '/authorize', 't1'],
  )
  assert.match(
    answer.headers['set-cookie']?.[0] ?? '',
    /^__Host-gw_dev=[A-Za-z0-9_-]{43}; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
  )
  assert.ok(sealed.length <= 1024)
  assert.equal(state?.nonce, target.searchParams.get('nonce'))
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.equal(answer.headers['referrer-policy'], 'same-origin')
  for (const secret of [device_code, user_code, user_code.replace('-', '')])
    assert.ok(!sealed.includes(secret))
  assert.deepEqual(sut.verdict(), [
    { evt: 'device.verify', request_id: '', result: 'redirect', client_ip: '127.0.0.1' },
  ])
  assert.equal(await sut.status(), 'pending')
})

test('a second tab of the same browser keeps the binding cookie, so both tabs can finish', async () => {
  await using sut = await start()
  const { user_code } = await askForCodes(sut.gateway)
  const first = cookieOf(await press(sut.gateway, { userCode: user_code }))

  const second = cookieOf(await press(sut.gateway, { userCode: user_code, cookie: `a=b; ${first}; c=d` }))

  assert.equal(second, first)
})

test('a binding cookie that the gateway did not make is replaced', async () => {
  await using sut = await start()
  const { user_code } = await askForCodes(sut.gateway)

  const answer = await press(sut.gateway, { userCode: user_code, cookie: '__Host-gw_dev=planted' })

  assert.match(cookieOf(answer), /^__Host-gw_dev=[A-Za-z0-9_-]{43}$/)
})

test('on loopback http the cookie has neither prefix nor Secure, which a browser would refuse there', async () => {
  await using sut = await start({ publicUrl: 'http://localhost:8080' })
  const { user_code } = await askForCodes(sut.gateway)

  const answer = await press(sut.gateway, { userCode: user_code })

  assert.match(
    answer.headers['set-cookie']?.[0] ?? '',
    /^gw_dev=[A-Za-z0-9_-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
  )
})

for (const [what, change] of [
  ['expired', "update device_grants set expires_at = now() - interval '1 second'"],
  ['approved', "update device_grants set status = 'approved'"],
  ['denied', "update device_grants set status = 'denied'"],
  ['unknown', 'delete from device_grants'],
] as const) {
  for (const [button, evt] of [
    ['continue', 'device.verify'],
    ['stop', 'device.deny'],
  ] as const) {
    test(`${button} on a code that is ${what} says that no sign-in waits for it`, async () => {
      await using sut = await start()
      const { user_code } = await askForCodes(sut.gateway)
      await sut.pool.query(change)

      const answer = await press(sut.gateway, { button, userCode: user_code })

      assert.deepEqual([answer.status, titleOf(answer), cookieOf(answer)], [200, 'Check your code', ''])
      assert.match(answer.body, /role="alert"[^>]*>No sign-in is waiting for that code\./)
      assert.deepEqual(sut.verdict(), [
        { evt, request_id: '', result: 'unknown_code', client_ip: '127.0.0.1' },
      ])
    })
  }
}

test('Stop ends the sign-in and audits who had asked for it', async () => {
  await using sut = await start()
  const { user_code } = await askForCodes(sut.gateway, '203.0.113.7')
  const { rows } = await sut.pool.query('select created_at from device_grants')

  const answer = await press(sut.gateway, { button: 'stop', userCode: user_code, from: '198.51.100.24' })

  assert.deepEqual([answer.status, titleOf(answer), await sut.status()], [200, 'Sign-in stopped', 'denied'])
  assert.match(
    String(answer.headers['content-security-policy']),
    /form-action 'self'; frame-ancestors 'none'/,
  )
  assert.deepEqual(sut.verdict(), [
    {
      ...{ evt: 'device.deny', request_id: '', result: 'denied', client_ip: '198.51.100.24' },
      ...{ requested_from: '203.0.113.7', requested_at: rows[0].created_at.toISOString() },
    },
  ])
})

test('with address_match require, a browser from another network is not sent on', async () => {
  await using sut = await start({ rules: { address_match: 'require' } })
  const { user_code } = await askForCodes(sut.gateway, '203.0.113.7')

  const refused = await press(sut.gateway, { userCode: user_code, from: '198.51.100.24' })
  const admitted = await press(sut.gateway, { userCode: user_code, from: '203.0.113.7' })

  assert.deepEqual([refused.status, titleOf(refused), admitted.status], [200, 'Not continued', 302])
  assert.deepEqual(
    sut.verdict().map(event => ('result' in event ? event.result : '')),
    ['address_mismatch', 'redirect'],
  )
})

test('a form over 4 KiB is refused with a page', async () => {
  await using sut = await start()

  const answer = await press(sut.gateway, { userCode: 'B'.repeat(4096) })

  assert.deepEqual([answer.status, answer.headers['content-type']], [413, 'text/html; charset=utf-8'])
})

test('A-13: nothing a request carries changes where the redirect goes', async () => {
  await using sut = await start()
  const { user_code } = await askForCodes(sut.gateway)

  const answer = await sut.gateway.ask('/device?next=//evil.example&redirect_uri=https://evil.example', {
    form: { user_code, next: '//evil.example', redirect_uri: 'https://evil.example' },
    headers: {
      ...{ origin: 'https://gateway.example', host: 'evil.example', 'x-forwarded-host': 'evil.example' },
      ...{ 'x-forwarded-proto': 'http', forwarded: 'host=evil.example;proto=http' },
    },
  })

  assert.equal(answer.status, 302)
  assert.match(answer.headers.location ?? '', /^https:\/\/idp\.example\/authorize\?tenant=t1&state=/)
  assert.doesNotMatch(JSON.stringify(answer), /evil/)
})

test('a repeated user_code is no code', async () => {
  await using sut = await start()
  const { user_code } = await askForCodes(sut.gateway)

  const answer = await sut.gateway.ask('/device', {
    form: `user_code=${user_code}&user_code=${user_code}`,
    headers: { origin: 'https://gateway.example' },
  })

  assert.equal(titleOf(answer), 'Check your code')
})
