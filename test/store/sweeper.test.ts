import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { HALF_A_MINUTE, HOUR, sweeperOf } from '../support/sweeping.ts'

/** Fills every table with rows that have expired, and with one that has not. */
async function fill({ pool }: TestDatabase, expired: number): Promise<void> {
  const times = `select i, now() + case when i = 0 then interval '1 hour' else interval '-1 second' end as until
                 from generate_series(0, ${expired}) as i`
  await pool.query(`insert into device_grants (device_hash, user_code, expires_at, client_ip)
                    select int4send(i), i::text, until, '' from (${times}) as t`)
  await pool.query(`insert into claimed_states select i::text, until from (${times}) as t`)
  await pool.query(`insert into rate_windows select i::text, 1, until from (${times}) as t`)
  await pool.query(`insert into session_refresh (sid, gen, holder, lease_until, expires_at)
                    select i::text, 0, '', now(), until from (${times}) as t`)
  await pool.query(`insert into revoked_sessions (key, expires_at, reason)
                    select i::text, until, '' from (${times}) as t`)
  await pool.query(`insert into settings_checksums (checksum, served_at)
                    select i::text, until - interval '24 hours' from (${times}) as t`)
  await pool.query(`insert into principal_emails (principal, updated_at)
                    select i::text, until - interval '91 days' * sign(i) from (${times}) as t`)
  await pool.query(`insert into google_group_cache (key, groups, fetched_at)
                    select int4send(i), '[]', until - interval '1 day' * sign(i) from (${times}) as t`)
  await pool.query(`insert into admin_idempotency (actor, key, request_hash, status, body, expires_at)
                    select '', i::text, '', 200, '', until from (${times}) as t`)
}

async function counts({ pool }: TestDatabase) {
  const { rows } = await pool.query(`
    select (select count(*)::int from device_grants) as device_grants,
           (select count(*)::int from claimed_states) as claimed_states,
           (select count(*)::int from rate_windows) as rate_windows,
           (select count(*)::int from session_refresh) as session_refresh,
           (select count(*)::int from revoked_sessions) as revoked_sessions,
           (select count(*)::int from settings_checksums) as settings_checksums,
           (select count(*)::int from principal_emails) as principal_emails,
           (select count(*)::int from google_group_cache) as google_group_cache,
           (select count(*)::int from admin_idempotency) as admin_idempotency`)
  return rows[0]
}

test('what has expired is deleted, the rest stays, in more batches than one', async () => {
  await using database = await createDatabase()
  await fill(database, 2500)
  const { tick, log } = sweeperOf(database.pool)

  await tick(HALF_A_MINUTE, HOUR)

  assert.deepEqual(await counts(database), {
    device_grants: 1,
    claimed_states: 1,
    rate_windows: 1,
    session_refresh: 1,
    revoked_sessions: 1,
    settings_checksums: 1,
    principal_emails: 1,
    google_group_cache: 1,
    admin_idempotency: 1,
  })
  assert.deepEqual(log.lines, [])
})

test('state of sign-ins is swept every 30 seconds, state of sessions every hour', async () => {
  await using database = await createDatabase()
  await fill(database, 1)
  const { tick, intervals } = sweeperOf(database.pool)

  await tick(HALF_A_MINUTE)

  assert.deepEqual(intervals(), [HALF_A_MINUTE, HOUR])
  assert.deepEqual(await counts(database), {
    device_grants: 1,
    claimed_states: 1,
    rate_windows: 1,
    session_refresh: 2,
    revoked_sessions: 2,
    settings_checksums: 2,
    principal_emails: 2,
    google_group_cache: 2,
    admin_idempotency: 2,
  })
})

test('people are forgotten when the last day that they were seen is older than the retention, in UTC', async () => {
  await using database = await createDatabase()
  await database.pool.query(`
    insert into principal_emails (principal, updated_at)
    select principal, (date_trunc('day', now() at time zone 'utc') - span) at time zone 'utc'
      from (values ('kept', interval '89 days'), ('gone', interval '90 days 1 second')) as t (principal, span)`)
  const { tick } = sweeperOf(database.pool)

  await tick(HOUR)

  const { rows } = await database.pool.query('select principal from principal_emails')
  assert.deepEqual(rows, [{ principal: 'kept' }])
})

test('a replica passes over a sweep that another one is doing', async () => {
  await using database = await createDatabase()
  await fill(database, 5)
  const other = await database.pool.connect()
  await other.query('begin')
  await other.query('select pg_advisory_xact_lock(4718502117)')
  const { tick } = sweeperOf(database.pool)

  await tick(HALF_A_MINUTE)
  const during = await counts(database)
  await other.query('commit')
  other.release()
  await tick(HALF_A_MINUTE)

  assert.equal(during.device_grants, 6)
  assert.equal((await counts(database)).device_grants, 1)
})

test('a sweep that fails is logged and counted, keeps no other from its rows, and the next one makes up for it', async () => {
  await using database = await createDatabase()
  await fill(database, 5)
  await database.pool.query('alter table claimed_states rename to hidden')
  const { tick, log, failures } = sweeperOf(database.pool)

  await tick(HALF_A_MINUTE)
  await database.pool.query('alter table hidden rename to claimed_states')
  const during = await counts(database)
  await tick(HALF_A_MINUTE)

  assert.deepEqual(log.lines, [
    'warn expired rows cannot be deleted {"table":"claimed_states","cause":"relation \\"claimed_states\\" does not exist"}',
    'info over: expired rows cannot be deleted',
  ])
  assert.deepEqual(failures, ['claimed_states'])
  assert.deepEqual([during.claimed_states, during.rate_windows], [6, 1])
  assert.equal((await counts(database)).claimed_states, 1)
})

test('a sweeper that is stopped sweeps no more', async () => {
  await using database = await createDatabase()
  const { sweeper, intervals } = sweeperOf(database.pool)

  await sweeper.stop()

  assert.deepEqual(intervals(), [])
})
