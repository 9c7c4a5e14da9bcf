import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt } from 'jose'
import { createKeyring } from '../../app/session/keyring.ts'
import { unwrapRefreshToken } from '../../app/session/refresh-token.ts'
import { createSealer } from '../../app/session/seal.ts'
import { createTokens } from '../../app/session/token.ts'
import { ADA } from '../support/idp-manners.ts'
import { type Answer, SECRET } from '../support/session-replica.ts'
import { openSessionRig, type SessionRig, type Tokens } from '../support/session-rig.ts'

const RAW = { settings: { refresh_token_mode: 'wrapped_accept_raw' } } as const
const PASSTHROUGH = { settings: { refresh_token_mode: 'passthrough' } } as const

function tokensOf({ body }: Answer): Tokens {
  return body as Tokens
}

/** Everything that is not a refresh token of this gateway, but looks like one to somebody. */
async function lookalikes(rig: SessionRig): Promise<string[]> {
  const payload = { sid: 's', gen: 0, sub: ADA.sub, rt: rig.idpRefreshToken(), iat: 0, exp: 9e9 }
  const foreign = createKeyring(['the secret of another gateway, long enough'])
  const other = createTokens({
    keyring: foreign,
    issuer: 'https://other.example',
    ttlHours: 1,
    clock: Date.now,
  })
  const { access_token } = await rig.signIn()
  return [
    await rig.gateway.sealer.seal('state', payload),
    await rig.gateway.sealer.seal('grant', payload),
    await createSealer(foreign).seal('refresh', payload),
    await rig.gateway.sealer.seal('refresh', { ...payload, rt: undefined }),
    access_token,
    (await other.mint({ sub: ADA.sub }, 's')).token,
    `${(await rig.gateway.sealer.seal('refresh', payload)).slice(0, -4)}AAAA`,
  ]
}

for (const mode of ['wrapped', 'wrapped_accept_raw', 'passthrough'] as const) {
  test(`in mode ${mode} no token of a gateway is taken for a refresh token, or shown to the IdP`, async () => {
    await using rig = await openSessionRig({ settings: { refresh_token_mode: mode } })
    const presented = await lookalikes(rig)

    const answers = await Promise.all(presented.map(token => rig.gateway.refresh(token)))

    assert.deepEqual(
      answers.map(({ status, body }) => [status, body]),
      presented.map(() => [401, { error: 'invalid_grant' }]),
    )
    assert.equal(rig.renewals(), 0)
  })
}

test('wrapped is the default: a token of the IdP itself is refused, and the IdP is not asked', async () => {
  await using rig = await openSessionRig()

  const answer = await rig.gateway.refresh(rig.idpRefreshToken())

  assert.deepEqual([answer.status, answer.body, rig.renewals()], [401, { error: 'invalid_grant' }, 0])
})

test('a refresh token that was idle too long is refused, and one renewed in time goes on', async () => {
  let now = Date.now()
  await using rig = await openSessionRig({ clock: () => now, settings: { refresh_idle_days: 2 } })
  const { refresh_token } = await rig.signIn()
  now += 2 * 86_400_000 - 5_000

  const renewed = await rig.gateway.refresh(refresh_token)
  now += 10_000
  const statuses = [renewed, await rig.gateway.refresh(refresh_token)].map(({ status }) => status)
  statuses.push((await rig.gateway.refresh(tokensOf(renewed).refresh_token)).status)

  assert.deepEqual(statuses, [200, 401, 200])
})

test('a refresh seals anew, so dropping a secret signs out only who was idle since it was prepended', async () => {
  const [older, newer] = [SECRET, 'the secret that was prepended, long enough']
  await using rig = await openSessionRig()
  const [active, idle] = [await rig.signIn(), await rig.signIn()]
  const during = await rig.start({ secrets: [newer, older] })
  const resealed = tokensOf(await during.refresh(active.refresh_token))
  const after = await rig.start({ secrets: [newer] })

  const statuses = await Promise.all([
    after.refresh(resealed.refresh_token),
    after.refresh(idle.refresh_token),
    after.visit(resealed.access_token),
    after.visit(active.access_token),
  ])

  assert.deepEqual(
    statuses.map(({ status }) => status),
    [200, 401, 200, 401],
  )
})

test('wrapped_accept_raw takes a token of the IdP once and hands out a wrapped one', async () => {
  await using rig = await openSessionRig(RAW)
  const raw = rig.idpRefreshToken()

  const answers = await Promise.all([rig.gateway.refresh(raw), rig.gateway.refresh(raw)])

  const wrapped = await Promise.all(
    answers.map(answer => unwrapRefreshToken(rig.gateway.sealer, tokensOf(answer).refresh_token)),
  )
  const sids = answers.map(answer => decodeJwt(tokensOf(answer).access_token)['sid'])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  assert.deepEqual([wrapped[0]?.rt, wrapped[0]?.sub], [raw, ADA.sub])
  assert.deepEqual(new Set([...sids, ...wrapped.map(token => token?.sid)]).size, 1)
  assert.equal(rig.renewals(), 1)
})

test('passthrough hands out what the IdP gave, and each refresh begins a session', async () => {
  await using rig = await openSessionRig({ ...PASSTHROUGH, manners: { refreshToken: 'rotating' } })
  const rt = rig.idpRefreshToken()
  const first = tokensOf(await rig.gateway.collect(await rig.approvedGrant(rt)))

  const second = tokensOf(await rig.gateway.refresh(first.refresh_token))

  const sids = [first, second].map(({ access_token }) => decodeJwt(access_token)['sid'])
  assert.equal(first.refresh_token, rt)
  assert.deepEqual([...rig.idp.refreshTokens.keys()], [second.refresh_token])
  assert.notEqual(sids[0], sids[1])
})

test('in passthrough a log-out covers the one bearer that was shown', async () => {
  await using rig = await openSessionRig(PASSTHROUGH)
  const first = await rig.signIn()
  const second = tokensOf(await rig.gateway.refresh(first.refresh_token))

  await rig.gateway.revoke(second.access_token)
  await rig.gateway.revoke(second.refresh_token)

  const answers = await Promise.all([
    rig.gateway.visit(first.access_token),
    rig.gateway.visit(second.access_token),
    rig.gateway.refresh(second.refresh_token),
  ])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 401, 200],
  )
})

test('a gateway that went back to passthrough takes the wrapped tokens of before', async () => {
  await using rig = await openSessionRig()
  const { refresh_token } = await rig.signIn()
  const [inner] = rig.idp.refreshTokens.keys()
  const back = await rig.start(PASSTHROUGH)

  const answer = await back.refresh(refresh_token)

  assert.deepEqual([answer.status, tokensOf(answer).refresh_token], [200, inner])
})
