import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt } from 'jose'
import { openSessionRig, type SessionRig, type Tokens } from '../support/session-rig.ts'

const ROTATING = { manners: { refreshToken: 'rotating' } } as const

/** Holds every question about `table` back until the scope ends. */
async function holdBack({ database }: SessionRig, table: string): Promise<AsyncDisposable> {
  const client = await database.pool.connect()
  await client.query('begin')
  await client.query(`lock table ${table} in access exclusive mode`)
  return {
    async [Symbol.asyncDispose]() {
      await client.query('rollback')
      client.release()
    },
  }
}

test('a poll while the store is down is told to slow down, and collects later', async () => {
  await using rig = await openSessionRig()
  const code = await rig.approvedGrant()
  await rig.stopStore()

  const answer = await rig.gateway.collect(code)
  await rig.resumeStore()
  const later = await rig.gateway.collect(code)

  assert.deepEqual([answer.status, answer.body], [400, { error: 'slow_down' }])
  assert.equal(later.status, 200)
  assert.deepEqual(
    rig.gateway.log.lines.map(line => line.replace(/ \{.*/, '')),
    [
      'warn the store does not answer polls of sign-ins',
      'info over: the store does not answer polls of sign-ins',
    ],
  )
})

test('a poll that the store leaves without an answer is told to slow down in time', async () => {
  await using rig = await openSessionRig({ storeMs: 1_000 })
  const code = await rig.approvedGrant()
  await using _held = await holdBack(rig, 'device_grants')

  const answer = await rig.gateway.collect(code)

  assert.deepEqual([answer.status, answer.body], [400, { error: 'slow_down' }])
})

test('a refresh works while the store is down, and twenty at once ask the identity provider once', async () => {
  await using rig = await openSessionRig(ROTATING)
  const { refresh_token } = await rig.signIn()
  await rig.stopStore()

  const answers = await Promise.all(Array.from({ length: 20 }, () => rig.gateway.refresh(refresh_token)))

  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  assert.equal(rig.renewals(), 1)
})

test('a refresh works while the store takes questions and answers none', async () => {
  await using rig = await openSessionRig({ storeMs: 1_000 })
  const { refresh_token } = await rig.signIn()
  await using _held = await holdBack(rig, 'session_refresh, revoked_sessions')

  const answer = await rig.gateway.refresh(refresh_token)

  assert.equal(answer.status, 200)
})

test('a refresh works while the store is read-only', async () => {
  await using rig = await openSessionRig()
  const { refresh_token } = await rig.signIn()
  const name = rig.database.url.split('/').at(-1)
  await rig.database.pool.query(`alter database ${name} set default_transaction_read_only = on`)
  await rig.stopStore()
  await rig.resumeStore()

  const answer = await rig.gateway.refresh(refresh_token)

  const { rows } = await rig.database.pool.query('select from session_refresh')
  assert.deepEqual([answer.status, rows.length], [200, 0])
})

test('without the store a second terminal’s old token is shared in the process, within the grace', async () => {
  let now = Date.now()
  await using rig = await openSessionRig({ ...ROTATING, clock: () => now })
  const { refresh_token } = await rig.signIn()
  await rig.stopStore()
  await rig.gateway.refresh(refresh_token)
  now += 55_000

  const answer = await rig.gateway.refresh(refresh_token)

  assert.deepEqual([answer.status, rig.renewals()], [200, 1])
})

test('what could not be shared in the store is shared in the process when the store is back', async () => {
  await using rig = await openSessionRig({
    ...ROTATING,
    between: (idp, { stopStore }) => ({
      revoke: token => idp.revoke(token),
      async renew(request) {
        const answer = await idp.renew(request)
        await stopStore()
        return answer
      },
    }),
  })
  const { refresh_token } = await rig.signIn()
  const first = await rig.gateway.refresh(refresh_token)
  await rig.resumeStore()

  const second = await rig.gateway.refresh(refresh_token)

  assert.deepEqual([first.status, second.status, rig.renewals()], [200, 200, 1])
})

test('generations that went on without the store are taken up by it', async () => {
  await using rig = await openSessionRig({ replicas: 2, ...ROTATING })
  let { refresh_token } = await rig.signIn()
  await rig.stopStore()
  for (let count = 0; count < 3; count += 1) {
    refresh_token = ((await rig.gateway.refresh(refresh_token)).body as Tokens).refresh_token
  }
  await rig.resumeStore()

  const answers = await Promise.all(rig.replicas.map(replica => replica.refresh(refresh_token)))

  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  assert.equal(rig.renewals(), 4)
})

test('what this replica knows as withdrawn stays so while the store is down', async () => {
  await using rig = await openSessionRig()
  const { access_token, refresh_token } = await rig.signIn()
  await rig.gateway.revoke(access_token)
  await rig.stopStore()

  const answer = await rig.gateway.refresh(refresh_token)

  assert.deepEqual([answer.status, rig.renewals()], [401, 0])
})

test('a replica that dropped old withdrawals refuses to guess without the store', async () => {
  await using rig = await openSessionRig()
  const { refresh_token } = await rig.signIn()
  await rig.database.pool.query(
    `insert into revoked_sessions (key, reason, revoked_at, expires_at)
     select 'sid:' || n, 'logout', now() - interval '2 hours', now() + interval '1 day' from generate_series(1, 5) n`,
  )
  const crowded = await rig.start({ maxRemembered: 3 })

  const answers = [await crowded.refresh(refresh_token)]
  await rig.stopStore()
  answers.push(await crowded.refresh(refresh_token))

  assert.deepEqual(
    answers.map(({ status, headers }) => [status, headers.get('retry-after')]),
    [
      [200, null],
      [503, '5'],
    ],
  )
})

test('a log-out while the store is down holds here at once, and elsewhere when the store is back', async () => {
  await using rig = await openSessionRig({ replicas: 2 })
  const { access_token, refresh_token } = await rig.signIn()
  const [here, elsewhere] = [rig.replicas[0]!, rig.replicas[1]!] // there are two
  await rig.stopStore()

  const answers = await Promise.all([access_token, refresh_token].map(token => here.revoke(token)))
  const visits = [(await here.visit(access_token)).status]
  await rig.resumeStore()
  for (const { revocations } of rig.replicas) await revocations.poll()
  visits.push((await elsewhere.visit(access_token)).status)

  const { rows } = await rig.database.pool.query('select key, reason from revoked_sessions')
  assert.deepEqual(
    answers.map(({ status, body, headers }) => [status, body, headers.get('retry-after')]),
    [
      [503, { error: 'temporarily_unavailable' }, '5'],
      [503, { error: 'temporarily_unavailable' }, '5'],
    ],
  )
  assert.deepEqual(visits, [401, 401])
  assert.deepEqual(rows, [{ key: `sid:${decodeJwt(access_token)['sid']}`, reason: 'logout' }])
  assert.equal(here.events.filter(({ evt }) => evt === 'session.revoke').length, 1)
})
