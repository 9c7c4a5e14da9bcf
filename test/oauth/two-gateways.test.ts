import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askForCodes, cookieOf, press, titleOf } from '../support/device-browser.ts'
import { sessionRoutes } from '../support/session-routes.ts'
import { approveAtIdp } from '../support/sign-in.ts'
import { startSignInGateway } from '../support/sign-in-gateway.ts'
import { comeBack, openTrips } from '../support/trip.ts'

async function openTwo() {
  const first = await openTrips({ withSessions: true })
  const { pool } = first
  const { signIn } = first.rig
  const second = await startSignInGateway({ pool, signIn, routes: await sessionRoutes({ pool, signIn }) })
  return {
    ...{ pool, first: first.gateway, second },
    async [Symbol.asyncDispose]() {
      await second[Symbol.asyncDispose]()
      await first[Symbol.asyncDispose]()
    },
  }
}

test('A-7: a sign-in begun on one gateway, sent off by another and finished on the first is collected once', async () => {
  await using sut = await openTwo()
  const codes = await askForCodes(sut.first)
  const away = await press(sut.second, { userCode: codes.user_code })
  const callback = new URL(await approveAtIdp(away.headers.location ?? ''))
  const trip = { codes, cookie: cookieOf(away), callback }

  const approved = await comeBack(sut.first, trip)
  const form = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: codes.device_code }
  const polls = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      (i % 2 === 0 ? sut.first : sut.second).ask('/oauth/token', { form }),
    ),
  )

  assert.equal(titleOf(approved), 'You are signed in')
  const delivered = polls.filter(({ status }) => status === 200)
  const others = new Set(
    polls.filter(({ status }) => status !== 200).map(({ status, body }) => `${status} ${body}`),
  )
  assert.deepEqual([delivered.length, [...others]], [1, ['400 {"error":"expired_token"}']])
})

test('a callback that both gateways get at once is claimed by one of them', async () => {
  await using sut = await openTwo()
  const codes = await askForCodes(sut.first)
  const away = await press(sut.first, { userCode: codes.user_code })
  const callback = new URL(await approveAtIdp(away.headers.location ?? ''))
  const trip = { codes, cookie: cookieOf(away), callback }

  const answers = await Promise.all([comeBack(sut.first, trip), comeBack(sut.second, trip)])

  assert.deepEqual(answers.map(titleOf).sort(), ['Already used', 'You are signed in'])
})
