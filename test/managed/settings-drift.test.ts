// Whether a client's settings are the ones that it should have: judged in memory, over restarts and outages of the store.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pool } from 'pg'
import { openPolicies } from '../../app/managed/policy-set.ts'
import { openSettingsDrift } from '../../app/managed/settings-drift.ts'
import { catalogOf } from '../support/catalog.ts'
import { createDatabase } from '../support/postgres.ts'
import { recordLog } from '../support/recorded-log.ts'

const HEADER = 'x-claude-code-managed-settings-checksum'
const ADA = { sub: 'a', groups: ['staff'] }
const BOB = { sub: 'b', groups: [] }
const HOUR = 3_600_000

/** A replica with a policy for staff and one for everybody else; `model` makes the documents of one configuration. */
async function replica(pool: Pool, model: string, accepted: string[] = []) {
  const policies = openPolicies(
    {
      listen: { public_url: 'u', hasPublicUrl: true },
      managed: {
        policies: [
          { match: { groups: ['staff'] }, code: { model } },
          { match: { groups: ['guests'] }, code: { model: `${model}-of-guests` } },
        ],
      },
    },
    catalogOf(),
  )
  const log = recordLog()
  let now = 0
  let tick: () => Promise<void> = async () => assert.fail('no timer')
  const drift = await openSettingsDrift({
    ...{ pool, policies, accepted, log, clock: () => now },
    every: (ms, run) => {
      assert.equal(ms, HOUR)
      tick = run
      return () => {}
    },
  })
  const checksums = policies.documents.map(({ checksum }) => checksum)
  const [staff = '', guests = ''] = checksums
  return {
    ...{ drift, log, staff, guests },
    state: (sent: string | string[] | undefined, identity: { sub: string; groups: string[] } = ADA) =>
      drift.stateOf(identity, sent === undefined ? {} : { [HEADER]: sent }),
    async passes(ms: number) {
      now += ms
      await tick()
    },
    wait(ms: number) {
      now += ms
    },
  }
}

test('current, previous, accepted, unknown, missing', async () => {
  await using database = await createDatabase()
  const before = await replica(database.pool, 'before')
  const accepted = 'ab'.repeat(32)
  const { state, staff, guests } = await replica(database.pool, 'now', [`sha256:${accepted.toUpperCase()}`])

  assert.deepEqual(
    [staff, staff.slice('sha256:'.length), staff.toUpperCase(), before.staff, guests].map(sent =>
      state(sent),
    ),
    ['current', 'current', 'current', 'previous', 'previous'],
  )
  assert.deepEqual(
    [accepted, `sha256:${accepted}`, 'cd'.repeat(32)].map(sent => state(sent)),
    ['accepted', 'accepted', 'unknown'],
  )
  const malformed = [
    undefined,
    '',
    'sha256:',
    `${staff} `,
    `${staff}, ${staff}`,
    [staff, staff],
    `"${staff}"`,
  ]
  assert.deepEqual([...new Set(malformed.map(sent => state(sent)))], ['missing'])
})

test('somebody without a policy has no current settings', async () => {
  await using database = await createDatabase()
  const { state, staff } = await replica(database.pool, 'now')

  assert.deepEqual([state(staff, BOB), state(undefined, BOB)], ['previous', 'missing'])
})

test('an earlier document counts for 24 hours after the last replica served it', async () => {
  await using database = await createDatabase()
  const { pool } = database
  const old = await replica(pool, 'old')
  await pool.query(`update settings_checksums set served_at = now() - interval '23 hours'`)
  const now = await replica(pool, 'now')
  assert.equal(now.state(old.staff), 'previous')

  now.wait(HOUR + 1)
  const afterwards = now.state(old.staff)
  await old.passes(HOUR)
  await now.passes(HOUR)
  const servedAgain = now.state(old.staff)
  await pool.query(
    `update settings_checksums set served_at = now() - interval '24 hours' - interval '1 second'`,
  )
  const late = await replica(pool, 'later')

  assert.deepEqual([afterwards, servedAgain, late.state(now.staff)], ['unknown', 'previous', 'unknown'])
})

test('without the store only what is served now is known, which is said once', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await pool.query('alter table settings_checksums rename to hidden')
  const { state, staff, passes, log } = await replica(pool, 'now')

  const during = [state(staff), state('cd'.repeat(32))]
  await pool.query('alter table hidden rename to settings_checksums')
  await passes(HOUR)

  assert.deepEqual(during, ['current', 'unknown'])
  assert.deepEqual(log.lines, [
    'warn checksums of settings cannot be kept in the store {"cause":"relation \\"settings_checksums\\" does not exist"}',
    'info over: checksums of settings cannot be kept in the store',
  ])
})

test('the store holds what is served, and never what a client said', async () => {
  await using database = await createDatabase()
  const { state, staff, guests, drift, passes } = await replica(database.pool, 'now')

  state('cd'.repeat(32))
  await passes(HOUR)
  await drift.close()

  const { rows } = await database.pool.query('select checksum from settings_checksums order by checksum')
  assert.deepEqual(
    rows.map(({ checksum }) => checksum),
    [staff, guests].toSorted(),
  )
})
