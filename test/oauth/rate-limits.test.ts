import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askForCodes, press, titleOf } from '../support/device-browser.ts'
import { createDatabase } from '../support/postgres.ts'
import { type SignInGatewayOptions, startSignInGateway } from '../support/sign-in-gateway.ts'
import { stubSignIn } from '../support/stub-sign-in.ts'

const TEN = { device_verify: { max: 10, window_seconds: 600 } }

async function start(options: Partial<SignInGatewayOptions> = {}) {
  const database = await createDatabase()
  const { pool } = database
  const gateway = await startSignInGateway({
    ...{ pool, signIn: stubSignIn(), trustedProxies: ['127.0.0.1'], ...options },
  })
  const from = (address: string) => ({ 'x-forwarded-for': address })
  return {
    ...{ pool, gateway },
    authorize: (address: string) =>
      gateway.ask('/oauth/device_authorization', { form: '', headers: from(address) }),
    guess: (userCode: string, address: string) => press(gateway, { userCode, from: address }),
    open: (userCode: string, address: string) =>
      gateway.ask(`/device?user_code=${userCode}`, { headers: from(address) }),
    refusals: () => gateway.lines.filter(line => line.includes('sign-in refused')),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

test('over device_authorization a terminal is told how long to wait', async () => {
  await using sut = await start({ rateLimits: { device_authorization: { max: 2, window_seconds: 600 } } })
  await sut.authorize('203.0.113.7')
  await sut.authorize('203.0.113.7')

  const answers = [await sut.authorize('203.0.113.7'), await sut.authorize('203.0.113.7')]

  for (const { status, headers, body } of answers) {
    assert.equal(status, 429)
    assert.match(String(headers['retry-after']), /^(600|59\d)$/)
    assert.equal(
      body,
      '{"error":"slow_down","error_description":"Too many sign-ins were started from your network. Try again in 10 minutes"}',
    )
  }
  assert.deepEqual(
    sut.gateway.events.map(event => (event.evt === 'device.authorize' ? event.result : '')),
    ['success', 'success', 'rate_limited', 'rate_limited'],
  )
  assert.deepEqual(sut.refusals(), [
    'warn sign-in refused: 203.0.113.7 reached rate_limits.device_authorization (2 per 600 s)',
  ])
})

test('A-1: the eleventh guess from one address is refused, also for the right code', async () => {
  await using sut = await start({ rateLimits: TEN })
  const { user_code } = await askForCodes(sut.gateway)
  for (let guess = 0; guess < 10; guess += 1) await sut.guess('ZZZZZZZZ', '203.0.113.7')

  const refused = await sut.guess(user_code, '203.0.113.7')
  const other = await sut.guess(user_code, '198.51.100.24')

  assert.deepEqual([refused.status, titleOf(refused), other.status], [200, 'Too many tries', 302])
  assert.match(refused.body, /role="alert"[^>]*>Nothing was done\. Wait 10 minutes/)
  assert.deepEqual(sut.refusals(), [
    'warn sign-in refused: 203.0.113.7 reached rate_limits.device_verify (10 per 600 s)',
  ])
})

test('A-1: guesses from 1,000 addresses are each counted, and each miss is in the audit log', async () => {
  await using sut = await start({ rateLimits: { device_verify: { max: 1, window_seconds: 600 } } })
  const addresses = Array.from({ length: 1000 }, (_, i) => `203.${i >> 8}.113.${i & 255}`)

  for (const address of addresses) await sut.guess('ZZZZZZZZ', address)

  const { rows } = await sut.pool.query(
    'select count(*)::integer as windows, max(hits) as hits from rate_windows',
  )
  const misses = sut.gateway.events.filter(
    event => event.evt === 'device.verify' && event.result === 'unknown_code',
  )
  assert.deepEqual({ rows, misses: misses.length }, { rows: [{ windows: 1000, hits: 1 }], misses: 1000 })
})

test('A-1: misses by GET count as guesses; a code that exists does not', async () => {
  await using sut = await start({ rateLimits: TEN })
  const { user_code } = await askForCodes(sut.gateway)
  for (let miss = 0; miss < 9; miss += 1) await sut.open('ZZZZZZZZ', '203.0.113.7')

  const hits = [await sut.open(user_code, '203.0.113.7'), await sut.open(user_code, '203.0.113.7')]
  await sut.open('ZZZZZZZZ', '203.0.113.7')
  const exhausted = await sut.open(user_code, '203.0.113.7')
  const pressed = await sut.guess(user_code, '203.0.113.7')

  assert.ok(hits.every(({ body }) => body.includes('Asked for')))
  assert.equal(exhausted.status, 200)
  assert.doesNotMatch(exhausted.body, /Asked for|No sign-in is waiting/)
  assert.equal(titleOf(pressed), 'Too many tries')
})

test('A-1: parallel guesses by GET look up no more codes than the limit allows', async () => {
  await using sut = await start({ rateLimits: TEN })

  const pages = await Promise.all(Array.from({ length: 60 }, () => sut.open('ZZZZZZZZ', '203.0.113.7')))

  assert.equal(pages.filter(({ body }) => body.includes('No sign-in is waiting')).length, 10)
})

test('Continue and Stop share one limit', async () => {
  await using sut = await start({ rateLimits: { device_verify: { max: 2, window_seconds: 600 } } })
  await press(sut.gateway, { userCode: 'ZZZZZZZZ' })
  await press(sut.gateway, { button: 'stop', userCode: 'ZZZZZZZZ' })

  const answer = await press(sut.gateway, { button: 'stop', userCode: 'ZZZZZZZZ' })

  assert.equal(titleOf(answer), 'Too many tries')
  assert.deepEqual(
    sut.gateway.events.map(event => ('result' in event ? `${event.evt} ${event.result}` : event.evt)),
    ['device.verify unknown_code', 'device.deny unknown_code', 'device.deny rate_limited'],
  )
})

test('the addresses of one IPv6 /64 share a window, and one line of the log', async () => {
  await using sut = await start({ rateLimits: { device_verify: { max: 1, window_seconds: 600 } } })

  const titles = []
  for (const address of ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', '2001:db8:0:1::3', '2001:db8:0:2::1']) {
    titles.push(titleOf(await sut.guess('ZZZZZZZZ', address)))
  }

  assert.deepEqual(titles, ['Check your code', 'Too many tries', 'Too many tries', 'Check your code'])
  assert.deepEqual(sut.refusals(), [
    'warn sign-in refused: 2001:db8:0:1::/64 reached rate_limits.device_verify (1 per 600 s)',
  ])
})

test('a window that is over starts again with the next hit', async () => {
  await using sut = await start({ rateLimits: { device_verify: { max: 1, window_seconds: 600 } } })
  await sut.guess('ZZZZZZZZ', '203.0.113.7')
  await sut.pool.query("update rate_windows set expires_at = now() - interval '1 second'")

  const answer = await sut.guess('ZZZZZZZZ', '203.0.113.7')

  assert.equal(titleOf(answer), 'Check your code')
})

test('two gateways on one database count together', async () => {
  await using first = await start({ rateLimits: { device_verify: { max: 1, window_seconds: 600 } } })
  await using second = await startSignInGateway({
    ...{ pool: first.pool, signIn: stubSignIn() },
    rateLimits: { device_verify: { max: 1, window_seconds: 600 } },
  })
  await press(first.gateway, { userCode: 'ZZZZZZZZ' })

  const answer = await press(second, { userCode: 'ZZZZZZZZ' })

  assert.equal(titleOf(answer), 'Too many tries')
})

test('a limit that cannot be counted refuses: JSON and pages say to come back', async () => {
  await using sut = await start()
  await sut.pool.query('drop table rate_windows')

  const json = await sut.authorize('203.0.113.7')
  const pages = [
    await sut.guess('ZZZZZZZZ', '203.0.113.7'),
    await press(sut.gateway, { button: 'stop', userCode: 'Z' }),
  ]

  assert.deepEqual(
    [json.status, json.headers['retry-after'], JSON.parse(json.body).error],
    [503, '5', 'temporarily_unavailable'],
  )
  for (const page of pages) {
    assert.deepEqual([page.status, page.headers['retry-after']], [503, '5'])
    assert.match(page.body, /Sign-in is not possible right now\. Try again in a minute\./)
    assert.equal(page.headers['referrer-policy'], 'same-origin')
  }
  assert.deepEqual(
    sut.gateway.events.map(event => ('result' in event ? `${event.evt} ${event.result}` : event.evt)),
    ['device.authorize error'],
  )
})
