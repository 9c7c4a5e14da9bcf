import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt } from 'jose'
import { unwrapRefreshToken } from '../../app/session/refresh-token.ts'
import { cut, type Fault, json, notJson, oauthError, status } from '../support/idp-faults.ts'
import { ADA } from '../support/idp-manners.ts'
import { eventsOf, IDENTITY, openSessionRig, type SessionRig, type Tokens } from '../support/session-rig.ts'

test('a refresh brings fresh facts, the same session and the same inner token', async () => {
  await using rig = await openSessionRig()
  const before = await rig.signIn()
  rig.idp.person = { ...ADA, email: 'ada.new@example.com', groups: ['platform'] }

  const answer = await rig.gateway.refresh(before.refresh_token)

  const { access_token, refresh_token, ...rest } = answer.body as Tokens
  const [old, fresh] = [decodeJwt(before.access_token), decodeJwt(access_token)]
  const [first, second] = await Promise.all(
    [before.refresh_token, refresh_token].map(token => unwrapRefreshToken(rig.gateway.sealer, token)),
  )
  assert.deepEqual([answer.status, rest], [200, { token_type: 'Bearer', expires_in: 3600 }])
  assert.deepEqual(
    [fresh['email'], fresh['groups'], fresh['sid']],
    ['ada.new@example.com', ['platform'], old['sid']],
  )
  assert.deepEqual([second?.sid, second?.gen, second?.rt], [first?.sid, 0, first?.rt])
  assert.deepEqual(eventsOf(rig.gateway, 'session.refresh'), [
    {
      evt: 'session.refresh',
      client_ip: '127.0.0.1',
      result: 'success',
      sub: ADA.sub,
      email: 'ada.new@example.com',
      sid: old['sid'],
      ttl_hours: 1,
      rotated: false,
      shared: false,
      groups_stale: undefined,
    },
  ])
})

test('a rotated inner token begins the next generation', async () => {
  await using rig = await openSessionRig({ manners: { refreshToken: 'rotating' } })
  const before = await rig.signIn()

  const answer = await rig.gateway.refresh(before.refresh_token)

  const wrapped = await Promise.all(
    [before, answer.body as Tokens].map(tokens =>
      unwrapRefreshToken(rig.gateway.sealer, tokens.refresh_token),
    ),
  )
  assert.deepEqual(
    wrapped.map(token => token?.gen),
    [0, 1],
  )
  assert.equal(rig.idp.refreshTokens.has(wrapped[1]?.rt ?? ''), true)
})

interface Case {
  readonly what: string
  readonly fault: Fault
  readonly status: 401 | 503
  /** What the audit says of it. */
  readonly err: string
  readonly answer: string
}

const OUTCOMES: readonly Case[] = [
  ...['invalid_grant', 'interaction_required', 'login_required', 'consent_required'].map(answer => ({
    ...{ what: `says ${answer}`, fault: oauthError(answer), answer },
    ...{ status: 401 as const, err: 'session_ended_at_idp' },
  })),
  ...['invalid_client', 'unauthorized_client', 'invalid_scope', 'something_new'].map(answer => ({
    ...{ what: `says ${answer}`, fault: oauthError(answer), answer },
    ...{ status: 503 as const, err: 'idp_refused' },
  })),
  { what: 'answers 500', fault: status(500), status: 503, err: 'idp_unavailable', answer: '500' },
  { what: 'answers 429', fault: status(429), status: 503, err: 'idp_unavailable', answer: '429' },
  { what: 'breaks off', fault: cut, status: 503, err: 'idp_unreachable', answer: 'broken' },
  { what: 'sends half a JSON', fault: notJson, status: 503, err: 'idp_bad_answer', answer: 'malformed' },
  { what: 'sends no tokens', fault: json([]), status: 503, err: 'idp_bad_answer', answer: 'malformed' },
]

for (const { what, fault, status: expected, err, answer: told } of OUTCOMES) {
  test(`a refresh is answered ${expected} when the identity provider ${what}`, async () => {
    await using rig = await openSessionRig()
    const tokens = await rig.signIn()
    rig.idp.manners.faults = { refresh: fault }

    const answer = await rig.gateway.refresh(tokens.refresh_token)

    const error = expected === 401 ? 'invalid_grant' : 'temporarily_unavailable'
    const [event] = rig.gateway.events.filter(({ evt }) => evt === 'session.refresh')
    assert.deepEqual([answer.status, answer.body], [expected, { error }])
    assert.equal(answer.headers.get('retry-after'), expected === 503 ? '5' : null)
    assert.partialDeepStrictEqual(event, { result: 'fail', err, answer: told })
    assert.equal((await rig.gateway.visit(tokens.access_token)).status, 200)
  })
}

async function refusedFor(rig: SessionRig): Promise<[number, number, object[]]> {
  const tokens = await rig.signIn()
  const { sid } = decodeJwt(tokens.access_token)
  const answer = await rig.gateway.refresh(tokens.refresh_token)
  const page = await rig.gateway.visit(tokens.access_token)
  const revocations = eventsOf(rig.gateway, 'session.revoke').filter(
    event => 'sid' in event && event.sid === sid,
  )
  return [answer.status, page.status, revocations]
}

test('a developer who is no longer admitted loses the session at once', async () => {
  await using rig = await openSessionRig()
  rig.idp.person = { ...ADA, email_verified: false }

  const [refreshed, visited, revocations] = await refusedFor(rig)

  assert.deepEqual([refreshed, visited, revocations.length], [401, 401, 1])
  assert.deepEqual(Object.entries(revocations[0] ?? {}).slice(-1), [['reason', 'admission']])
})

test('an identity provider that answers for somebody else ends the session at once', async () => {
  await using rig = await openSessionRig({ manners: { tamper: claims => ({ ...claims, sub: 'u-eve' }) } })

  const [refreshed, visited, revocations] = await refusedFor(rig)

  assert.deepEqual([refreshed, visited, revocations.length], [401, 401, 1])
})

test('without an id_token userinfo decides', async () => {
  await using rig = await openSessionRig({ manners: { idTokenOnRefresh: 'never' } })
  const tokens = await rig.signIn()

  const answer = await rig.gateway.refresh(tokens.refresh_token)

  assert.equal(answer.status, 200)
  assert.equal(decodeJwt((answer.body as Tokens).access_token)['email'], IDENTITY.email)
})

test('without an id_token, a userinfo that refuses is our fault and one that is missing ends the session', async () => {
  await using refusing = await openSessionRig({
    manners: { idTokenOnRefresh: 'never', faults: { userinfo: status(401) } },
  })
  await using lacking = await openSessionRig({
    manners: { idTokenOnRefresh: 'never', metadata: { userinfo_endpoint: undefined } },
  })

  const answers = await Promise.all(
    [refusing, lacking].map(async rig => rig.gateway.refresh((await rig.signIn()).refresh_token)),
  )

  assert.deepEqual(
    answers.map(({ status: code, body }) => [code, body]),
    [
      [503, { error: 'temporarily_unavailable' }],
      [401, { error: 'invalid_grant' }],
    ],
  )
})

test('an identity provider that does not answer is spared for five seconds', async () => {
  let now = Date.now()
  await using rig = await openSessionRig({ clock: () => now })
  const [ada, another] = [await rig.signIn(), await rig.signIn()]
  rig.idp.manners.faults = { refresh: (_request, response) => response.destroy() }

  const codes = [(await rig.gateway.refresh(ada.refresh_token)).status]
  rig.idp.manners.faults = {}
  codes.push((await rig.gateway.refresh(another.refresh_token)).status)
  const askedMeanwhile = rig.renewals()
  now += 5_000
  codes.push((await rig.gateway.refresh(another.refresh_token)).status)

  assert.deepEqual([codes, askedMeanwhile], [[503, 503, 200], 1])
})
