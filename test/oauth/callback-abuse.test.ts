import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askForCodes, cookieOf, press, titleOf } from '../support/device-browser.ts'
import { createDatabase } from '../support/postgres.ts'
import { approveAtIdp } from '../support/sign-in.ts'
import { SECRET, startSignInGateway } from '../support/sign-in-gateway.ts'
import { stubSignIn } from '../support/stub-sign-in.ts'
import { comeBack, openTrips } from '../support/trip.ts'

const LATER = () => Date.now() + 601_000

test('A-9: a state that is older than a sign-in may take is an expired link, and no call is made', async () => {
  const clock = { now: Date.now }
  await using sut = await openTrips({ gateway: { clock: () => clock.now() } })
  const trip = await sut.setOut()
  clock.now = LATER

  const answer = await comeBack(sut.gateway, trip)

  assert.equal(titleOf(answer), 'Link expired')
  assert.deepEqual(
    sut.rig.idp.requests.filter(({ endpoint }) => endpoint === 'token'),
    [],
  )
})

for (const purpose of ['grant', 'refresh'] as const) {
  test(`A-9: a seal that was made for a ${purpose} is no state`, async () => {
    await using sut = await openTrips()
    const trip = await sut.setOut()
    const state = await sut.gateway.sealer.open('state', trip.callback.searchParams.get('state') ?? '')
    trip.callback.searchParams.set('state', await sut.gateway.sealer.seal(purpose, state ?? {}))

    const answer = await comeBack(sut.gateway, trip)

    assert.deepEqual([titleOf(answer), await sut.statuses()], ['Link expired', ['pending']])
  })
}

test('a state that was sealed with the previous secret still opens; one of a dropped secret does not', async () => {
  await using sut = await openTrips()
  const { pool } = sut
  const signIn = sut.rig.signIn
  await using rotated = await startSignInGateway({ pool, signIn, secrets: ['n'.repeat(40), SECRET] })
  await using dropped = await startSignInGateway({ pool, signIn, secrets: ['n'.repeat(40)] })
  const trip = await sut.setOut()

  const titles = [titleOf(await comeBack(dropped, trip)), titleOf(await comeBack(rotated, trip))]

  assert.deepEqual(titles, ['Link expired', 'You are signed in'])
})

test('A-9: a state of a megabyte is refused before anything looks at it', async () => {
  await using sut = await openTrips()

  const answer = await sut.gateway
    .ask(`/oauth/callback?state=${'s'.repeat(1 << 20)}`)
    .catch(error => error.code)

  assert.ok(answer === 'ECONNRESET' || answer === 'EPIPE' || answer.status === 431)
  assert.deepEqual(sut.verdicts(), [])
})

test('a second callback for a grant that is decided gets nothing, whatever the identity provider gave', async () => {
  await using sut = await openTrips()
  const trip = await sut.setOut()
  await sut.pool.query("update device_grants set status = 'denied'")

  const answer = await comeBack(sut.gateway, trip)

  assert.equal(titleOf(answer), 'Already used')
  assert.deepEqual((await sut.pool.query('select status, sealed from device_grants')).rows, [
    { status: 'denied', sealed: null },
  ])
})

test('A-7: two browsers that approve one grant at once: one of them does, the other is told', async () => {
  await using sut = await openTrips()
  const trip = await sut.setOut()
  const again = await press(sut.gateway, { userCode: trip.codes.user_code })
  const other = {
    codes: trip.codes,
    cookie: cookieOf(again),
    callback: new URL(await approveAtIdp(again.headers.location ?? '')),
  }

  const answers = await Promise.all([comeBack(sut.gateway, trip), comeBack(sut.gateway, other)])

  assert.deepEqual(answers.map(titleOf).sort(), ['Already used', 'You are signed in'])
  assert.deepEqual(await sut.statuses(), ['approved'])
})

test('A-14: markup and controls in an account name reach the page as harmless text', async () => {
  await using database = await createDatabase()
  const name = '<img src=x>\u202e\u0000Ada\r\nSet-Cookie: a=b'
  const signIn = stubSignIn({
    ...{ kind: 'signed_in', identity: { sub: 'u-1', name }, refreshToken: null, groupsStale: false },
  })
  await using gateway = await startSignInGateway({ pool: database.pool, signIn })
  const away = await press(gateway, { userCode: (await askForCodes(gateway)).user_code })
  const state = new URL(away.headers.location ?? '').searchParams.get('state')

  const answer = await gateway.ask(`/oauth/callback?code=c&state=${state}`, {
    headers: { cookie: cookieOf(away) },
  })

  assert.match(
    answer.body,
    /<strong class="account" translate="no">&lt;img src=x&gt; Ada Set-Cookie: a=b<\/strong>/,
  )
  assert.equal(answer.headers['set-cookie']?.length, 1)
})

test('an answer by form_post is not processed; the page names the cure', async () => {
  await using sut = await openTrips()
  const trip = await sut.setOut()

  const answer = await sut.gateway.ask('/oauth/callback', {
    form: trip.callback.search.slice(1),
    headers: { cookie: trip.cookie, origin: sut.rig.idp.origin },
  })

  assert.deepEqual([answer.status, titleOf(answer)], [200, 'Wrong answer form'])
  assert.match(answer.body, /response_mode=query/)
  assert.deepEqual([await sut.statuses(), sut.verdicts()], [['pending'], []])
})

for (const [table, title] of [
  ['claimed_states', 'before the claim'],
  ['device_grants', 'after the exchange'],
] as const) {
  test(`with the store down ${title}, the callback is a 503 page, and audited as a sign-in that failed`, async () => {
    await using sut = await openTrips()
    const trip = await sut.setOut()
    await sut.pool.query(`alter table ${table} rename to gone`)

    const answer = await comeBack(sut.gateway, trip)

    assert.deepEqual(
      [answer.status, answer.headers['content-type'], answer.headers['retry-after']],
      [503, 'text/html; charset=utf-8', '5'],
    )
    assert.match(answer.body, /Sign-in is not possible right now/)
    assert.deepEqual(
      sut.gateway.events.filter(({ evt }) => evt === 'session.mint'),
      [
        {
          evt: 'session.mint',
          request_id: answer.headers['x-request-id'],
          client_ip: '127.0.0.1',
          result: 'fail',
          err: 'store_unavailable',
        },
      ],
    )
  })
}

test('S-67: no code, state, cookie, token or claim of a sign-in is in the log or the audit log', async () => {
  await using sut = await openTrips()
  const trip = await sut.setOut()
  await comeBack(sut.gateway, trip)
  await comeBack(sut.gateway, trip)

  const written = `${sut.gateway.lines.join('\n')}\n${JSON.stringify(sut.gateway.events)}`

  const secrets = [
    ...[trip.codes.device_code, trip.codes.user_code, trip.codes.user_code.replace('-', '')],
    ...[
      trip.cookie.split('=')[1],
      trip.callback.searchParams.get('state'),
      trip.callback.searchParams.get('code'),
    ],
    ...['ada@example.com', 'on-call', SECRET],
  ]
  for (const secret of secrets) assert.ok(!written.includes(secret ?? '?'))
})
