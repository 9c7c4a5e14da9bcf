import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt } from 'jose'
import { deviceHashOf, drawDeviceCode } from '../../app/oauth/device-grant.ts'
import { unwrapRefreshToken } from '../../app/session/refresh-token.ts'
import { createGrant, denyGrant } from '../../app/store/device-grants.ts'
import { eventsOf, IDENTITY, openSessionRig, type SessionRig, type Tokens } from '../support/session-rig.ts'

/** A sign-in that waits for its browser. */
async function pendingGrant({ database }: SessionRig): Promise<string> {
  const deviceCode = drawDeviceCode()
  const facts = { lifetimeSeconds: 600, clientIp: '127.0.0.1', userAgent: '', surface: '' }
  await createGrant(database.pool, { deviceHash: deviceHashOf(deviceCode), userCode: 'BCDFGHJK', ...facts })
  return deviceCode
}

async function movePoll(rig: SessionRig, secondsAgo: number): Promise<void> {
  await rig.database.pool.query('update device_grants set last_poll_at = now() - make_interval(secs => $1)', [
    secondsAgo,
  ])
}

test('an undecided sign-in is pending', async () => {
  await using rig = await openSessionRig()
  const code = await pendingGrant(rig)

  const answer = await rig.gateway.collect(code)

  assert.deepEqual([answer.status, answer.body], [400, { error: 'authorization_pending' }])
})

const PACES: readonly (readonly [number, number, string])[] = [
  [3.0, 429, 'slow_down'],
  [3.4, 429, 'slow_down'],
  [3.6, 400, 'authorization_pending'],
  [4.0, 400, 'authorization_pending'],
]

for (const [seconds, status, error] of PACES) {
  test(`a poll ${seconds} s after the last accepted one is answered ${error}`, async () => {
    await using rig = await openSessionRig()
    const code = await pendingGrant(rig)
    await movePoll(rig, seconds)

    const answer = await rig.gateway.collect(code)

    assert.deepEqual([answer.status, answer.body], [status, { error }])
    assert.equal(answer.headers.get('retry-after'), status === 429 ? '5' : null)
  })
}

test('a poll that was too fast does not push the next one back', async () => {
  await using rig = await openSessionRig()
  const code = await pendingGrant(rig)
  await movePoll(rig, 3)
  await rig.gateway.collect(code)
  await rig.database.pool.query(`update device_grants set last_poll_at = last_poll_at - interval '1 second'`)

  const answer = await rig.gateway.collect(code)

  assert.deepEqual(answer.body, { error: 'authorization_pending' })
})

test('a decision is delivered at any pace', async () => {
  await using rig = await openSessionRig()
  const code = await rig.approvedGrant()
  await movePoll(rig, 0)

  const answer = await rig.gateway.collect(code)

  assert.equal(answer.status, 200)
})

test('a denied sign-in is told once', async () => {
  await using rig = await openSessionRig()
  const code = await pendingGrant(rig)
  await denyGrant(rig.database.pool, deviceHashOf(code))

  const answers = [await rig.gateway.collect(code), await rig.gateway.collect(code)]

  assert.deepEqual(
    answers.map(({ status, body }) => [status, body]),
    [
      [400, { error: 'access_denied' }],
      [400, { error: 'expired_token' }],
    ],
  )
})

test('an expired sign-in is gone, approved or not', async () => {
  await using rig = await openSessionRig()
  const codes = [await pendingGrant(rig), await rig.approvedGrant()]
  await rig.database.pool.query('update device_grants set expires_at = now()')

  const answers = await Promise.all(codes.map(code => rig.gateway.collect(code)))

  assert.deepEqual(
    answers.map(({ status, body }) => [status, body]),
    [
      [400, { error: 'expired_token' }],
      [400, { error: 'expired_token' }],
    ],
  )
})

test('a truncated or re-cased device code is unknown, and spoils nothing', async () => {
  await using rig = await openSessionRig()
  const code = await rig.approvedGrant()
  const guesses = [code.slice(0, -1), code.toLowerCase(), code.toUpperCase(), `${code} `]

  const answers = await Promise.all(guesses.map(guess => rig.gateway.collect(guess)))

  assert.deepEqual(
    answers.map(({ body }) => body),
    guesses.map(() => ({ error: 'expired_token' })),
  )
  assert.equal((await rig.gateway.collect(code)).status, 200)
})

test('an approved sign-in is collected once, and its session begins with it', async () => {
  await using rig = await openSessionRig()
  const rt = rig.idpRefreshToken()
  const code = await rig.approvedGrant(rt)

  const answers = [await rig.gateway.collect(code), await rig.gateway.collect(code)]

  const { access_token, refresh_token, ...rest } = answers[0]!.body as Tokens
  const { sid, iat, exp, ...claims } = decodeJwt(access_token)
  const wrapped = await unwrapRefreshToken(rig.gateway.sealer, refresh_token)
  assert.deepEqual([answers[0]?.status, rest], [200, { token_type: 'Bearer', expires_in: 3600 }])
  assert.equal(answers[0]?.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(answers[0]?.headers.get('cache-control'), 'no-store')
  assert.deepEqual(claims, { ...IDENTITY, aud: 'claude-gateway', iss: 'https://gateway.example' })
  assert.deepEqual(wrapped, { sid, gen: 0, sub: IDENTITY.sub, rt, iat, exp: (iat ?? 0) + 30 * 86_400 })
  assert.equal((exp ?? 0) - (iat ?? 0), 3600)
  assert.deepEqual(answers[1]?.body, { error: 'expired_token' })
  assert.deepEqual(eventsOf(rig.gateway, 'session.mint'), [
    {
      evt: 'session.mint',
      client_ip: '127.0.0.1',
      result: 'success',
      sub: IDENTITY.sub,
      email: IDENTITY.email,
      sid,
      ttl_hours: 1,
      approved_from: '192.0.2.7',
      cross_address: true,
    },
  ])
})

test('without a refresh token of the IdP there is none of ours', async () => {
  await using rig = await openSessionRig()

  const answer = await rig.gateway.collect(await rig.approvedGrant(null))

  assert.deepEqual(Object.keys(answer.body as Tokens), ['access_token', 'token_type', 'expires_in'])
})

test('the account is named in the answer only where the configuration wants it confirmed', async () => {
  await using rig = await openSessionRig({ signIn: { email_in_token_response: true } })

  const answer = await rig.gateway.collect(await rig.approvedGrant(null))

  assert.equal((answer.body as { email?: string }).email, IDENTITY.email)
})

test('an approval copied to another row, or sealed under a dropped secret, is worth nothing', async () => {
  await using rig = await openSessionRig()
  const [from, to] = [await rig.approvedGrant(), await pendingGrant(rig)]
  await rig.database.pool.query(
    `update device_grants set status = 'approved', sealed = (select sealed from device_grants where device_hash = $1)
      where device_hash = $2`,
    [deviceHashOf(from), deviceHashOf(to)],
  )
  const rotated = await rig.start({ secrets: ['another secret, prepended and then alone'] })

  const answers = [await rig.gateway.collect(to), await rotated.collect(from)]

  assert.deepEqual(
    answers.map(({ status, body }) => [status, body]),
    [
      [400, { error: 'expired_token' }],
      [400, { error: 'expired_token' }],
    ],
  )
  assert.deepEqual(eventsOf(rotated, 'session.mint'), [
    { evt: 'session.mint', client_ip: '127.0.0.1', result: 'fail', err: 'grant_unreadable' },
  ])
})

test('of fifty parallel polls on two replicas exactly one gets the tokens', async () => {
  await using rig = await openSessionRig({ replicas: 2 })
  const code = await rig.approvedGrant()

  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => rig.replicas[index % 2]!.collect(code)), // there are two
  )

  const outcomes = answers.map(({ status, body }) => (status === 200 ? 'tokens' : JSON.stringify(body)))
  assert.equal(outcomes.filter(outcome => outcome === 'tokens').length, 1)
  assert.deepEqual(new Set(outcomes), new Set(['tokens', '{"error":"expired_token"}']))
})
