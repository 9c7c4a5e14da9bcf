// Who people are is written behind the answers that bring their bearers: rarely, and never in the way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeyring } from '../../app/session/keyring.ts'
import { LastSeen, type LastSeenOptions, notingMints } from '../../app/session/last-seen.ts'
import { createTokens } from '../../app/session/token.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'

const ADA = { sub: 's1', email: 'ada@example.com', name: 'Ada', groups: ['eng'] }
const MINUTE = 60_000

/** A replica whose clock is ours. */
function replica({ pool }: TestDatabase, bounds: Pick<LastSeenOptions, 'maxKnown' | 'maxWaiting'> = {}) {
  const log = recordLog()
  let now = 0
  const lastSeen = new LastSeen({ pool, log, clock: () => now, ...bounds })
  return {
    log,
    lastSeen,
    /** Time goes on, somebody is seen, and what must be written is written. */
    async see(identity: Parameters<LastSeen['see']>[0], minutes = 0) {
      now += minutes * MINUTE
      lastSeen.see(identity)
      await lastSeen.settled()
    },
  }
}

async function written({ pool }: TestDatabase) {
  const { rows } = await pool.query(
    'select principal, email, name, groups from principal_emails order by principal',
  )
  return rows
}

/** Makes every row vanish, so that whatever is there later was written since. */
function wipe({ pool }: TestDatabase) {
  return pool.query('delete from principal_emails')
}

test('whoever gets a bearer is written', async () => {
  await using database = await createDatabase()
  const { lastSeen } = replica(database)
  const keyring = createKeyring(['a secret of the gateway, long enough'])
  const clock = Date.now
  const tokens = notingMints(
    createTokens({ keyring, issuer: 'https://g.example', ttlHours: 1, clock }),
    lastSeen,
  )

  const bearer = await tokens.mint(ADA, 'sid')
  await lastSeen.settled()

  assert.deepEqual((await tokens.verify(bearer.token))?.identity, ADA)
  assert.deepEqual(await written(database), [
    { principal: 's1', email: 'ada@example.com', name: 'Ada', groups: ['eng'] },
  ])
})

test('somebody unchanged is written again after an hour, and not before', async () => {
  await using database = await createDatabase()
  const { see } = replica(database)
  await see(ADA)
  await wipe(database)

  await see(ADA, 59)
  const within = await written(database)
  await see(ADA, 1)

  assert.deepEqual(within, [])
  assert.equal((await written(database)).length, 1)
})

test('a change of address, name or groups is written at once', async () => {
  for (const change of [{ email: 'ada@new.example' }, { name: 'Ada L.' }, { groups: ['ops'] }]) {
    await using database = await createDatabase()
    const { see } = replica(database)
    await see(ADA)

    await see({ ...ADA, ...change }, 1)

    const { sub: principal, ...rest } = { ...ADA, ...change }
    assert.deepEqual(await written(database), [{ principal, ...rest }])
  }
})

test('a store that fails is told of once, costs nobody anything, and is written to when it is back', async () => {
  await using database = await createDatabase()
  const { see, log } = replica(database)
  await database.pool.query('alter table principal_emails rename to hidden')

  await see(ADA)
  await see(ADA)
  await database.pool.query('alter table hidden rename to principal_emails')
  await see(ADA)

  assert.deepEqual(log.lines, [
    'warn who was last seen cannot be written to the store {"cause":"relation \\"principal_emails\\" does not exist"}',
    'info over: who was last seen cannot be written to the store (1 more times)',
  ])
  assert.equal((await written(database)).length, 1)
})

test('many who are seen at once are all written, with what was told last', async () => {
  await using database = await createDatabase()
  const { lastSeen } = replica(database)

  for (const round of ['a', 'b']) {
    for (let n = 0; n < 50; n += 1) lastSeen.see({ sub: `s${n}`, groups: [round] })
  }
  await lastSeen.settled()

  const rows = await written(database)
  assert.equal(rows.length, 50)
  assert.deepEqual([...new Set(rows.map(({ groups }) => groups.join()))], ['b'])
})

test('who finds no room to wait is written at their next sign-in or refresh', async () => {
  await using database = await createDatabase()
  const { lastSeen, see } = replica(database, { maxWaiting: 2 })

  for (const sub of ['s1', 's2', 's3', 's4']) lastSeen.see({ sub })
  await lastSeen.settled()
  const first = await written(database)
  await see({ sub: 's4' })

  // The first is being written while the next two wait.
  assert.deepEqual(
    first.map(({ principal }) => principal),
    ['s1', 's2', 's3'],
  )
  assert.equal((await written(database)).at(-1).principal, 's4')
})

test('a replica remembers so many, and forgets whom it wrote longest ago', async () => {
  await using database = await createDatabase()
  const { see } = replica(database, { maxKnown: 2 })
  for (const sub of ['s1', 's2', 's3']) await see({ sub })
  await wipe(database)

  await see({ sub: 's3' })
  await see({ sub: 's2' })
  await see({ sub: 's1' })

  assert.deepEqual(
    (await written(database)).map(({ principal }) => principal),
    ['s1'],
  )
})

test('after the end nothing is written any more', async () => {
  await using database = await createDatabase()
  const { lastSeen, see } = replica(database)

  await lastSeen.close()
  await see(ADA)

  assert.deepEqual(await written(database), [])
})
