import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt, SignJWT } from 'jose'
import { createKeyring } from '../../app/session/keyring.ts'
import { createSealer } from '../../app/session/seal.ts'
import { createTokens } from '../../app/session/token.ts'
import { hang } from '../support/idp-faults.ts'
import { PUBLIC_URL, SECRET } from '../support/session-replica.ts'
import { eventsOf, openSessionRig, type SessionRig } from '../support/session-rig.ts'

async function rowsOf({ database }: SessionRig): Promise<object[]> {
  const { rows } = await database.pool.query(
    `select key, reason, round(extract(epoch from expires_at - revoked_at) / 86400)::int as days
       from revoked_sessions order by key`,
  )
  return rows
}

const FAULTY: readonly (readonly [string, string])[] = [
  ['no token', 'token_type_hint=refresh_token'],
  ['an empty token', 'token='],
  ['two tokens', 'token=a&token=b'],
  ['two hints', 'token=a&token_type_hint=b&token_type_hint=c'],
]

for (const [what, form] of FAULTY) {
  test(`a log-out with ${what} is an invalid request`, async () => {
    await using rig = await openSessionRig()

    const answer = await rig.gateway.post('/oauth/revoke', form)

    assert.deepEqual([answer.status, answer.body], [400, { error: 'invalid_request' }])
  })
}

for (const kind of ['access_token', 'refresh_token'] as const) {
  test(`the ${kind} ends every token of its session`, async () => {
    await using rig = await openSessionRig()
    const tokens = await rig.signIn()
    const { sid, sub } = decodeJwt(tokens.access_token)

    const answer = await rig.gateway.post('/oauth/revoke', {
      token: tokens[kind],
      token_type_hint: 'whatever',
    })

    const after = [
      (await rig.gateway.visit(tokens.access_token)).status,
      (await rig.gateway.refresh(tokens.refresh_token)).status,
    ]
    assert.deepEqual([answer.status, answer.body, answer.headers.get('cache-control')], [200, '', 'no-store'])
    assert.deepEqual(after, [401, 401])
    assert.deepEqual(await rowsOf(rig), [{ key: `sid:${sid}`, reason: 'logout', days: 31 }])
    assert.deepEqual(eventsOf(rig.gateway, 'session.revoke'), [
      { evt: 'session.revoke', sid, sub, client_ip: '127.0.0.1', reason: 'logout' },
    ])
  })
}

test('the client’s two revocations at once are one log-out', async () => {
  await using rig = await openSessionRig()
  const { access_token, refresh_token } = await rig.signIn()

  const answers = await Promise.all([access_token, refresh_token].map(token => rig.gateway.revoke(token)))

  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  assert.deepEqual([(await rowsOf(rig)).length, eventsOf(rig.gateway, 'session.revoke').length], [1, 1])
})

test('an expired bearer still ends its session', async () => {
  let now = Date.now()
  await using rig = await openSessionRig({ clock: () => now })
  const { access_token, refresh_token } = await rig.signIn()
  now += 2 * 3_600_000

  await rig.gateway.revoke(access_token)

  assert.equal((await rig.gateway.refresh(refresh_token)).status, 401)
})

test('a bearer of a replaced reference gateway ends alone', async () => {
  await using rig = await openSessionRig()
  const now = Math.floor(Date.now() / 1000)
  const [one, two] = await Promise.all(
    [now + 60, now + 61].map(exp =>
      new SignJWT({ sub: 'u', aud: 'claude-gateway', iss: PUBLIC_URL, iat: now, exp })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .sign(new TextEncoder().encode(SECRET)),
    ),
  )

  await rig.gateway.revoke(one ?? '')

  const statuses = await Promise.all(
    [one, two].map(async token => (await rig.gateway.visit(token ?? '')).status),
  )
  assert.deepEqual(statuses, [401, 200])
})

test('forged and foreign tokens are answered like any other, in floods, and leave no row', async () => {
  await using rig = await openSessionRig()
  const { access_token, refresh_token } = await rig.signIn()
  const foreign = createKeyring(['the secret of another gateway, long enough'])
  const other = createTokens({ keyring: foreign, issuer: PUBLIC_URL, ttlHours: 1, clock: Date.now })
  const forged = [
    'opaque',
    'a.b.c',
    access_token.slice(0, -2),
    refresh_token.slice(0, -2),
    (await other.mint({ sub: 'u' }, 's')).token,
    await createSealer(foreign).seal('refresh', { sid: 's', gen: 0, sub: 'u', rt: 'x', iat: 0, exp: 9e9 }),
    await rig.gateway.sealer.seal('state', { sid: 's', gen: 0, sub: 'u', rt: 'x', iat: 0, exp: 9e9 }),
    rig.idpRefreshToken(),
  ]

  const answers = await Promise.all(
    Array.from({ length: 25 }, () => forged.map(token => rig.gateway.revoke(token))).flat(),
  )

  assert.deepEqual(new Set(answers.map(({ status, body }) => `${status} ${body}`)), new Set(['200 ']))
  assert.deepEqual(await rowsOf(rig), [])
  assert.deepEqual(eventsOf(rig.gateway, 'session.revoke'), [])
})

test('with session.revoke_at_idp the identity provider is told, and nobody waits for it', async () => {
  await using rig = await openSessionRig({
    settings: { revoke_at_idp: true },
    manners: { faults: { revoke: hang } },
  })
  const { refresh_token } = await rig.signIn()
  const [inner] = rig.idp.refreshTokens.keys()

  const answer = await rig.gateway.revoke(refresh_token)

  const told = await seenRevocation(rig)
  assert.deepEqual([answer.status, told], [200, inner])
})

test('without it the identity provider is not told', async () => {
  await using rig = await openSessionRig()
  const { refresh_token } = await rig.signIn()

  await rig.gateway.revoke(refresh_token)

  assert.deepEqual(
    rig.idp.requests.filter(({ endpoint }) => endpoint === 'revoke'),
    [],
  )
})

/** What the IdP was told to revoke, once it was. */
async function seenRevocation({ idp }: SessionRig): Promise<string | null> {
  for (;;) {
    const seen = idp.requests.find(({ endpoint }) => endpoint === 'revoke')
    if (seen !== undefined) return seen.form.get('token')
    await new Promise(resolve => setImmediate(resolve))
  }
}
