import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt } from 'jose'
import { unwrapRefreshToken } from '../../app/session/refresh-token.ts'
import { claimLease } from '../../app/store/session-refresh.ts'
import type { Answer } from '../support/session-replica.ts'
import { eventsOf, openSessionRig, type SessionRig, type Tokens } from '../support/session-rig.ts'

const ROTATING = { manners: { refreshToken: 'rotating' } } as const

function tokensOf({ body }: Answer): Tokens {
  return body as Tokens
}

/** R0, R1 and R2 of one session, the last just issued: a shared answer serves ten seconds. */
async function threeGenerations(rig: SessionRig): Promise<[string, string, string]> {
  const { refresh_token: first } = await rig.signIn()
  const second = tokensOf(await rig.gateway.refresh(first)).refresh_token
  await rig.passTime(11)
  const third = tokensOf(await rig.gateway.refresh(second)).refresh_token
  return [first, second, third]
}

async function gensOf(rig: SessionRig, answers: readonly Answer[]): Promise<(number | undefined)[]> {
  const tokens = answers.map(answer =>
    unwrapRefreshToken(rig.gateway.sealer, tokensOf(answer).refresh_token ?? ''),
  )
  return (await Promise.all(tokens)).map(token => token?.gen)
}

test('twenty refreshes of one session in one process ask the identity provider once', async () => {
  await using rig = await openSessionRig(ROTATING)
  const { refresh_token } = await rig.signIn()

  const answers = await Promise.all(Array.from({ length: 20 }, () => rig.gateway.refresh(refresh_token)))

  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  assert.deepEqual(new Set(await gensOf(rig, answers)), new Set([1]))
  assert.equal(rig.renewals(), 1)
})

test('two terminals that refresh together on two replicas share one answer of the identity provider', async () => {
  await using rig = await openSessionRig({ replicas: 2, ...ROTATING })
  const { refresh_token, access_token } = await rig.signIn()

  const answers = await Promise.all(rig.replicas.map(replica => replica.refresh(refresh_token)))

  const sids = [access_token, ...answers.map(answer => tokensOf(answer).access_token)].map(
    token => decodeJwt(token)['sid'],
  )
  const shared = rig.replicas.flatMap(replica => eventsOf(replica, 'session.refresh'))
  assert.deepEqual(await gensOf(rig, answers), [1, 1])
  assert.equal(new Set(sids).size, 1)
  assert.equal(rig.renewals(), 1)
  assert.deepEqual(new Set(shared.map(event => 'shared' in event && event.shared)), new Set([true, false]))
})

test('everybody who shares an answer holds the very same refresh token', async () => {
  await using rig = await openSessionRig({ replicas: 2, ...ROTATING })
  const { refresh_token } = await rig.signIn()

  const together = await Promise.all(
    [...rig.replicas, ...rig.replicas].map(replica => replica.refresh(refresh_token)),
  )
  const again = await rig.replicas[1]!.refresh(tokensOf(together[0]!).refresh_token) // there are two and four
  await rig.passTime(30)
  const late = await rig.gateway.refresh(refresh_token)

  const handedOut = [...together, again, late].map(answer => tokensOf(answer).refresh_token)
  assert.equal(new Set(handedOut).size, 1)
})

test('where the identity provider does not rotate, an old refresh token keeps working', async () => {
  await using rig = await openSessionRig({ replicas: 2 })
  const { refresh_token } = await rig.signIn()

  const answers: Answer[] = []
  for (const replica of [...rig.replicas, ...rig.replicas]) {
    answers.push(await replica.refresh(refresh_token))
    await rig.passTime(3600)
  }

  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  assert.deepEqual(await gensOf(rig, answers), [0, 0, 0, 0])
  assert.equal(rig.renewals(), 4)
})

test('an answer of the last ten seconds is shared without asking again', async () => {
  await using rig = await openSessionRig({ replicas: 2 })
  const { refresh_token } = await rig.signIn()
  await rig.gateway.refresh(refresh_token)
  await rig.passTime(9)

  const answer = await rig.replicas[1]!.refresh(refresh_token) // there are two

  assert.deepEqual([answer.status, rig.renewals()], [200, 1])
})

test('of R0, R1 and R2 the oldest is refused at once, and never reaches the identity provider', async () => {
  await using rig = await openSessionRig({ replicas: 2, ...ROTATING })
  const [first] = await threeGenerations(rig)
  const asked = rig.renewals()

  const answers = await Promise.all(rig.replicas.map(replica => replica.refresh(first)))

  assert.deepEqual(
    answers.map(({ status, body }) => [status, body]),
    [
      [401, { error: 'invalid_grant' }],
      [401, { error: 'invalid_grant' }],
    ],
  )
  assert.equal(rig.renewals(), asked)
  assert.deepEqual(eventsOf(rig.gateway, 'session.refresh').at(-1), {
    ...{ evt: 'session.refresh', client_ip: '127.0.0.1', result: 'fail', err: 'reuse' },
  })
})

test('of R0, R1 and R2 the middle one is good for what R2 is, within the grace', async () => {
  await using rig = await openSessionRig({ replicas: 2, ...ROTATING })
  const [, second] = await threeGenerations(rig)
  const asked = rig.renewals()
  await rig.passTime(55)

  const answers = await Promise.all(rig.replicas.map(replica => replica.refresh(second)))

  assert.deepEqual(await gensOf(rig, answers), [2, 2])
  assert.equal(rig.renewals(), asked)
})

test('after the grace R1 is refused, and the session goes on with R2', async () => {
  await using rig = await openSessionRig(ROTATING)
  const [, second, third] = await threeGenerations(rig)
  await rig.passTime(61)

  const codes = [(await rig.gateway.refresh(second)).status, (await rig.gateway.refresh(third)).status]

  assert.deepEqual(codes, [401, 200])
  assert.deepEqual(eventsOf(rig.gateway, 'session.revoke'), [])
})

test('with on_refresh_reuse: revoke, R1 after the grace ends the whole family', async () => {
  await using rig = await openSessionRig({ ...ROTATING, settings: { on_refresh_reuse: 'revoke' } })
  const [, second, third] = await threeGenerations(rig)
  await rig.passTime(61)

  const codes = [(await rig.gateway.refresh(second)).status, (await rig.gateway.refresh(third)).status]

  const token = await unwrapRefreshToken(rig.gateway.sealer, third)
  assert.deepEqual(codes, [401, 401])
  assert.deepEqual(eventsOf(rig.gateway, 'session.revoke'), [
    { evt: 'session.revoke', client_ip: '127.0.0.1', sid: token?.sid, sub: token?.sub, reason: 'reuse' },
  ])
})

test('a replica that dies between sharing and answering costs nobody the session', async () => {
  await using rig = await openSessionRig({ replicas: 2, ...ROTATING })
  const { refresh_token } = await rig.signIn()
  await rig.gateway.refresh(refresh_token) // its answer never arrives

  await rig.passTime(30)
  const retry = await rig.replicas[1]!.refresh(refresh_token) // there are two

  assert.deepEqual([retry.status, await gensOf(rig, [retry]), rig.renewals()], [200, [1], 1])
})

/** A replica took the lease of `refreshToken` and is not heard of again. */
async function leaveLease(rig: SessionRig, refreshToken: string): Promise<void> {
  const token = await unwrapRefreshToken(rig.gateway.sealer, refreshToken)
  const lease = { sid: token?.sid ?? '', gen: token?.gen ?? 0, holder: 'a replica that died' }
  await claimLease(rig.database.pool, lease, new Date(Date.now() + 60_000))
}

test('a refresh waits for somebody else’s lease four seconds, then says to come back', async () => {
  const pauses: number[] = []
  await using rig = await openSessionRig({ pause: async () => void pauses.push(1) })
  const { refresh_token } = await rig.signIn()
  await leaveLease(rig, refresh_token)

  const answer = await rig.gateway.refresh(refresh_token)

  assert.deepEqual([answer.status, answer.body], [503, { error: 'temporarily_unavailable' }])
  assert.deepEqual([pauses.length * 100, rig.renewals()], [4000, 0])
})

test('a lease whose holder died ends by itself', async () => {
  await using rig = await openSessionRig()
  const { refresh_token } = await rig.signIn()
  await leaveLease(rig, refresh_token)
  await rig.passTime(10)

  const answer = await rig.gateway.refresh(refresh_token)

  assert.deepEqual([answer.status, rig.renewals()], [200, 1])
})

test('a renewal that failed leaves the lease to the next try', async () => {
  await using rig = await openSessionRig({ replicas: 2, ...ROTATING })
  const { refresh_token } = await rig.signIn()
  rig.idp.manners.faults = { refresh: (_request, response) => response.writeHead(500).end() }
  const failed = await rig.gateway.refresh(refresh_token)
  rig.idp.manners.faults = {}

  const answer = await rig.replicas[1]!.refresh(refresh_token) // there are two

  assert.deepEqual([failed.status, answer.status, rig.renewals()], [503, 200, 2])
})
