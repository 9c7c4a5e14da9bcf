import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRevocationMemory } from '../../app/session/revocation-memory.ts'
import { familyKey } from '../../app/session/revocations.ts'
import { loadRevocations } from '../../app/store/revoked-sessions.ts'
import { openSessionRig, type SessionRig } from '../support/session-rig.ts'

/** Stores a withdrawal as another replica would have, `secondsAgo`. */
async function withdrawElsewhere(rig: SessionRig, key: string, secondsAgo = 0): Promise<void> {
  await rig.database.pool.query(
    `insert into revoked_sessions (key, reason, revoked_at, expires_at)
     values ($1, 'logout', now() - make_interval(secs => $2), now() + interval '31 days')`,
    [key, secondsAgo],
  )
}

async function statusesOf(rig: SessionRig, bearer: string): Promise<number[]> {
  const answers = await Promise.all(rig.replicas.map(replica => replica.visit(bearer)))
  return answers.map(({ status }) => status)
}

test('a log-out holds at once where it was made, and elsewhere after one poll', async () => {
  await using rig = await openSessionRig({ replicas: 2 })
  const { access_token } = await rig.signIn()

  const statuses = [await statusesOf(rig, access_token)]
  await rig.gateway.revoke(access_token)
  statuses.push(await statusesOf(rig, access_token))
  await rig.replicas[1]!.revocations.poll() // there are two
  statuses.push(await statusesOf(rig, access_token))

  assert.deepEqual(statuses, [
    [200, 200],
    [401, 200],
    [401, 401],
  ])
})

test('a refresh asks the store itself, so a log-out elsewhere ends it before the next poll', async () => {
  await using rig = await openSessionRig({ replicas: 2 })
  const { access_token, refresh_token } = await rig.signIn()
  await rig.gateway.revoke(access_token)

  const answer = await rig.replicas[1]!.refresh(refresh_token) // there are two

  assert.deepEqual([answer.status, answer.body, rig.renewals()], [401, { error: 'invalid_grant' }, 0])
})

test('a replica that starts knows every log-out of before', async () => {
  await using rig = await openSessionRig()
  const { access_token } = await rig.signIn()
  await rig.gateway.revoke(access_token)

  const later = await rig.start()

  assert.equal((await later.visit(access_token)).status, 401)
})

test('a withdrawal that became visible up to a minute late is still learnt', async () => {
  await using rig = await openSessionRig()
  const { token } = await rig.gateway.tokens.mint({ sub: 'u' }, 'late')
  await withdrawElsewhere(rig, familyKey('early'))
  await rig.gateway.revocations.poll()
  await withdrawElsewhere(rig, familyKey('late'), 55)

  await rig.gateway.revocations.poll()

  assert.deepEqual(await statusesOf(rig, token), [401])
})

test('withdrawing a person refuses the tokens of before and not those of after', async () => {
  const now = Date.now()
  let clock = now - 10_000
  await using rig = await openSessionRig({ clock: () => clock })
  const before = await rig.gateway.tokens.mint({ sub: 'u-ada' }, 's-1')
  const other = await rig.gateway.tokens.mint({ sub: 'u-eve' }, 's-2')
  await withdrawElsewhere(rig, 'sub:u-ada')
  await rig.gateway.revocations.poll()
  clock = now + 10_000
  const after = await rig.gateway.tokens.mint({ sub: 'u-ada' }, 's-3')

  const answers = await Promise.all([before, other, after].map(({ token }) => rig.gateway.visit(token)))

  assert.deepEqual(
    answers.map(({ status }) => status),
    [401, 200, 200],
  )
})

test('while the store is down the last list serves, its age grows, and a warning comes once a minute', async () => {
  let now = Date.now()
  await using rig = await openSessionRig({ clock: () => now })
  const [gone, kept] = [await rig.signIn(), await rig.signIn()]
  await rig.gateway.revoke(gone.access_token)
  await rig.stopStore()
  const { revocations, log } = rig.gateway

  for (let polls = 0; polls < 25; polls += 1) {
    now += 5_000
    await revocations.poll()
  }
  const ages = [revocations.ageMs]
  const answers = await Promise.all([gone, kept].map(({ access_token }) => rig.gateway.visit(access_token)))
  await rig.resumeStore()
  await revocations.poll()
  ages.push(revocations.ageMs)

  assert.deepEqual(
    answers.map(({ status }) => status),
    [401, 200],
  )
  assert.deepEqual(ages, [125_000, 0])
  assert.deepEqual(
    log.lines.filter(line => line.includes('withdrawn sessions')).map(line => line.slice(0, 4)),
    ['warn', 'warn', 'warn', 'info'],
  )
})

test('what still waits for the store is written when the gateway stops', async () => {
  await using rig = await openSessionRig()
  const { access_token } = await rig.signIn()
  await rig.stopStore()
  await rig.gateway.revoke(access_token)
  await rig.resumeStore()

  await rig.gateway.revocations.close()

  const { rowCount } = await rig.database.pool.query('select from revoked_sessions')
  assert.equal(rowCount, 1)
})

const MINUTE = 60_000

function memoryOf(clock: () => number) {
  return createRevocationMemory({ maxEntries: 3, lifetimeSeconds: 86_400, bearerSeconds: 3600, clock })
}

test('beyond its bound the memory drops what no bearer can carry any more, and says so', () => {
  let now = 1_000 * MINUTE
  const memory = memoryOf(() => now)
  const at = (minutes: number) => new Date(minutes * MINUTE)
  memory.learn([
    { key: 'sid:a', revokedAt: at(900) },
    { key: 'sid:b', revokedAt: at(950) },
    { key: 'sid:c', revokedAt: at(990) },
  ])
  memory.tidy()
  const whole = memory.isWhole
  memory.learn([{ key: 'sid:d', revokedAt: at(999) }])
  memory.tidy()
  const held = ['sid:a', 'sid:b', 'sid:c', 'sid:d'].filter(key => memory.has(key))
  const wholeThen = memory.isWhole
  now += 86_400_000

  assert.deepEqual([whole, held, wholeThen, memory.isWhole], [true, ['sid:b', 'sid:c', 'sid:d'], false, true])
})

test('a key that a bearer may still carry is kept beyond the bound', () => {
  const memory = memoryOf(() => 1_000 * MINUTE)
  const keys = Array.from({ length: 10 }, (_, index) => `sid:${index}`)
  memory.learn(keys.map(key => ({ key, revokedAt: new Date(990 * MINUTE) })))

  memory.tidy()

  assert.deepEqual([keys.filter(key => memory.has(key)).length, memory.isWhole], [10, true])
})

test('what has expired is dropped within a minute', () => {
  let now = 0
  const memory = memoryOf(() => now)
  memory.learn([{ key: 'sid:a', revokedAt: new Date(0) }])
  now = 86_400_001

  memory.tidy()

  assert.equal(memory.has('sid:a'), false)
})

test('a boot loads the newest withdrawals up to the bound, and all that concern a bearer', async () => {
  await using rig = await openSessionRig()
  for (const [key, secondsAgo] of [
    ['a', 9000],
    ['b', 8000],
    ['c', 600],
    ['d', 500],
    ['e', 400],
  ] as const) {
    await withdrawElsewhere(rig, key, secondsAgo)
  }

  const loads = await Promise.all(
    [2, 4, 5].map(atMost => loadRevocations(rig.database.pool, { atMost, youngerThanSeconds: 3600 })),
  )

  assert.deepEqual(
    loads.map(({ revoked, isWhole }) => [revoked.map(({ key }) => key).join(''), isWhole]),
    [
      ['cde', false],
      ['bcde', false],
      ['abcde', true],
    ],
  )
})
