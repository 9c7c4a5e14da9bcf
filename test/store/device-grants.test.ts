import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import pg from 'pg'
import {
  approveGrant,
  createGrant,
  denyByUserCode,
  denyGrant,
  grantFacts,
  pollGrant,
} from '../../app/store/device-grants.ts'
import { createDatabase, replicaPool } from '../support/postgres.ts'

const PACE_SECONDS = 3.5

async function grantIn(pool: pg.Pool, userCode = 'BCDFGHJK'): Promise<Buffer> {
  const deviceHash = createHash('sha256').update(randomBytes(32)).digest()
  await createGrant(pool, {
    deviceHash,
    userCode,
    lifetimeSeconds: 600,
    clientIp: '192.0.2.7',
    userAgent: 'claude-code/2.1.330',
    surface: 'claude_code',
  })
  return deviceHash
}

test('of fifty parallel polls on two replicas exactly one gets the approval', async () => {
  await using database = await createDatabase()
  const replicas = [1, 2].map(() => replicaPool(database.url, 10))
  const deviceHash = await grantIn(database.pool)
  await approveGrant(database.pool, deviceHash, 'sealed')

  const polls = await Promise.all(
    Array.from({ length: 50 }, (_, i) => pollGrant(replicas[i % 2]!, deviceHash, PACE_SECONDS)), // two of them
  )

  await Promise.all(replicas.map(replica => replica.end()))
  assert.deepEqual(
    polls.filter(poll => poll.kind !== 'gone'),
    [{ kind: 'approved', sealed: 'sealed' }],
  )
})

test('a poll stamps the pace only when it is accepted', async () => {
  await using database = await createDatabase()
  const deviceHash = await grantIn(database.pool)
  const lastPoll = (ageSeconds: number) =>
    database.pool.query('update device_grants set last_poll_at = now() - make_interval(secs => $1)', [
      ageSeconds,
    ])

  const first = await pollGrant(database.pool, deviceHash, PACE_SECONDS)
  const atOnce = await pollGrant(database.pool, deviceHash, PACE_SECONDS)
  await lastPoll(3)
  const after3Seconds = await pollGrant(database.pool, deviceHash, PACE_SECONDS)
  await lastPoll(4)
  const after4Seconds = await pollGrant(database.pool, deviceHash, PACE_SECONDS)

  assert.deepEqual(
    [first, atOnce, after3Seconds, after4Seconds],
    [{ kind: 'pending' }, { kind: 'too_fast' }, { kind: 'too_fast' }, { kind: 'pending' }],
  )
})

test('a decision is delivered at any pace, and once', async () => {
  await using database = await createDatabase()
  const deviceHash = await grantIn(database.pool)
  await pollGrant(database.pool, deviceHash, PACE_SECONDS)
  await denyGrant(database.pool, deviceHash)

  const first = await pollGrant(database.pool, deviceHash, PACE_SECONDS)
  const second = await pollGrant(database.pool, deviceHash, PACE_SECONDS)

  assert.deepEqual([first, second], [{ kind: 'denied' }, { kind: 'gone' }])
})

test('a poll that reads while an approval is being committed waits for nothing and says pending', async () => {
  await using database = await createDatabase()
  const deviceHash = await grantIn(database.pool)
  const approver = new pg.Client(database.url)
  await approver.connect()
  await approver.query('begin')
  await approver.query("update device_grants set status = 'approved', sealed = 'sealed'")

  const racing = pollGrant(database.pool, deviceHash, PACE_SECONDS)
  await waitForLock(database.pool)
  await approver.query('commit')
  const raced = await racing
  const next = await pollGrant(database.pool, deviceHash, PACE_SECONDS)

  await approver.end()
  assert.deepEqual([raced, next], [{ kind: 'pending' }, { kind: 'approved', sealed: 'sealed' }])
})

test('of two approvals and a denial at once exactly one decides', async () => {
  await using database = await createDatabase()
  const deviceHash = await grantIn(database.pool)

  const decided = await Promise.all([
    approveGrant(database.pool, deviceHash, 'one'),
    approveGrant(database.pool, deviceHash, 'two'),
    denyGrant(database.pool, deviceHash),
  ])

  assert.equal(decided.filter(Boolean).length, 1)
})

test('an approval in the last second leaves the terminal a minute to collect it', async () => {
  await using database = await createDatabase()
  const deviceHash = await grantIn(database.pool)
  await database.pool.query("update device_grants set expires_at = now() + interval '1 second'")

  const isApproved = await approveGrant(database.pool, deviceHash, 'sealed')

  const { rows } = await database.pool.query(
    "select expires_at between now() + interval '50 seconds' and now() + interval '60 seconds' as in_time from device_grants",
  )
  assert.deepEqual({ isApproved, rows }, { isApproved: true, rows: [{ in_time: true }] })
})

test('an expired sign-in can be neither seen, decided nor collected', async () => {
  await using database = await createDatabase()
  const deviceHash = await grantIn(database.pool)
  await database.pool.query("update device_grants set expires_at = now() - interval '1 second'")

  const answers = [
    await grantFacts(database.pool, 'BCDFGHJK'),
    await approveGrant(database.pool, deviceHash, 'sealed'),
    await denyGrant(database.pool, deviceHash),
    await denyByUserCode(database.pool, 'BCDFGHJK'),
    await pollGrant(database.pool, deviceHash, PACE_SECONDS),
  ]

  assert.deepEqual(answers, [null, false, false, null, { kind: 'gone' }])
})

test('a user code that waits already is not given out twice', async () => {
  await using database = await createDatabase()
  await grantIn(database.pool, 'BCDFGHJK')

  const isFree = await createGrant(database.pool, {
    deviceHash: randomBytes(32),
    userCode: 'BCDFGHJK',
    lifetimeSeconds: 600,
    clientIp: '192.0.2.8',
    userAgent: '',
    surface: '',
  })

  assert.equal(isFree, false)
})

/** Returns once some connection of the database waits for a lock. */
async function waitForLock(pool: pg.Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(
      "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    )
    if (rows.length > 0) return
  }
}
