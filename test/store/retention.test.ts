// How long counters and records of spend are kept, in whole months or days of UTC.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import { AdminSection } from '../../app/config/admin.ts'
import { GatehouseSection } from '../../app/config/gatehouse.ts'
import { longLived, type Retention, SHORT_LIVED } from '../../app/store/sweeps.ts'
import { createDatabase, replicaPool, type TestDatabase } from '../support/postgres.ts'
import { HOUR, sweeperOf } from '../support/sweeping.ts'

const RETENTION: Retention = {
  admin: AdminSection.parse({ spend_retention_months: 3, audit_retention_days: 10 }),
  spend: GatehouseSection.parse({ spend: { usage_retention_months: 2, entry_retention_days: 4 } }).spend,
}

/** Adds one row of `day`, an SQL expression, to every table of spend; `label` is its principal, group, actor or model. */
async function addRows(
  { pool }: TestDatabase,
  { day, label }: { day: string; label: string },
): Promise<void> {
  const row = `from (select ${day} as day, '${label}' as label) as t`
  await pool.query(`insert into spend (principal, period, period_start) select label, label, day ${row}`)
  await pool.query(
    `insert into pooled_spend (rbac_group_id, period, period_start) select label, label, day ${row}`,
  )
  await pool.query(`insert into spend_alerts (id, entry_id, scope, period, share, cap_cents, nano_usd, at)
                    select gen_random_uuid(), gen_random_uuid(), label, '', 1, 0, 0, day::timestamp at time zone 'utc' ${row}`)
  await pool.query(`insert into admin_audit (at, actor, action, target, request_id)
                    select day::timestamp at time zone 'utc', label, '', '', '' ${row}`)
  await pool.query(`insert into principal_groups select day, label, '[]' ${row}`)
  await pool.query(`insert into usage_daily select day, label, '', '', '', ${Array(11).fill(0)} ${row}`)
  await pool.query(`insert into spend_entries
                    select gen_random_uuid(), now(), label, day, '', '', '', ${Array(8).fill(0)}, false, false ${row}`)
}

async function labels({ pool }: TestDatabase) {
  const { rows } = await pool.query(`
    select (select array_agg(principal order by principal) from spend) as spend,
           (select array_agg(rbac_group_id order by rbac_group_id) from pooled_spend) as pooled_spend,
           (select array_agg(scope order by scope) from spend_alerts) as spend_alerts,
           (select array_agg(actor order by actor) from admin_audit) as admin_audit,
           (select array_agg(principal order by principal) from principal_groups) as principal_groups,
           (select array_agg(principal order by principal) from usage_daily) as usage_daily,
           (select array_agg(principal order by principal) from spend_entries) as spend_entries`)
  return rows[0]
}

const MONTH = `date_trunc('month', now() at time zone 'utc')::date`
const TODAY = `(now() at time zone 'utc')::date`

test('months are kept whole: what began in the oldest kept one stays, the day before it goes', async () => {
  await using database = await createDatabase()
  await addRows(database, { day: `(${MONTH} - interval '3 months')::date`, label: '3 months' })
  await addRows(database, { day: `(${MONTH} - interval '3 months')::date - 1`, label: '3 months and a day' })
  await addRows(database, { day: `(${MONTH} - interval '2 months')::date`, label: '2 months' })
  await addRows(database, { day: `(${MONTH} - interval '2 months')::date - 1`, label: '2 months and a day' })

  await sweeperOf(database.pool, RETENTION).tick(HOUR)

  assert.deepEqual(await labels(database), {
    spend: ['2 months', '2 months and a day', '3 months'],
    pooled_spend: ['2 months', '2 months and a day', '3 months'],
    spend_alerts: ['2 months', '2 months and a day', '3 months'],
    admin_audit: null,
    principal_groups: ['2 months'],
    usage_daily: ['2 months'],
    spend_entries: null,
  })
})

test('days are kept whole: the oldest kept one stays, the one before it goes', async () => {
  await using database = await createDatabase()
  await addRows(database, { day: `${TODAY} - 4`, label: '4 days' })
  await addRows(database, { day: `${TODAY} - 5`, label: '5 days' })
  await addRows(database, { day: `${TODAY} - 10`, label: '10 days' })
  await addRows(database, { day: `${TODAY} - 11`, label: '11 days' })

  await sweeperOf(database.pool, RETENTION).tick(HOUR)

  const { admin_audit, spend_entries } = await labels(database)
  assert.deepEqual(
    { admin_audit, spend_entries },
    {
      admin_audit: ['10 days', '4 days', '5 days'],
      spend_entries: ['4 days'],
    },
  )
})

test('without the section admin nothing of spend is deleted: nobody says how long it is kept', async () => {
  await using database = await createDatabase()
  await addRows(database, { day: `date '2020-01-01'`, label: 'old' })

  await sweeperOf(database.pool, { ...RETENTION, admin: undefined }).tick(HOUR)

  assert.deepEqual(await labels(database), {
    ...{ spend: ['old'], pooled_spend: ['old'], spend_alerts: ['old'], admin_audit: ['old'] },
    ...{ principal_groups: ['old'], usage_daily: ['old'], spend_entries: ['old'] },
  })
})

test('a retention of any length is taken, and then nothing is deleted', async () => {
  await using database = await createDatabase()
  await addRows(database, { day: `date '2020-01-01'`, label: 'old' })
  const months = Number.MAX_SAFE_INTEGER
  const admin = AdminSection.parse({ spend_retention_months: months, audit_retention_days: months })
  const spend = { usage_retention_months: months, entry_retention_days: months }
  const { tick, log } = sweeperOf(database.pool, { admin, spend })

  await tick(HOUR)

  assert.deepEqual(log.lines, [])
  assert.deepEqual((await labels(database)).spend_entries, ['old'])
})

test('a row that is refreshed while its deletion waits for it stays', async () => {
  await using database = await createDatabase()
  await addRows(database, { day: `date '2020-01-01'`, label: 'row' })
  await database.pool.query(
    `insert into principal_emails (principal, updated_at) values ('row', '2020-01-01')`,
  )
  await database.pool.query(`
    insert into admin_idempotency (actor, key, request_hash, status, body, expires_at)
    values ('row', '', '', 200, '', '2020-01-01')`)
  const refreshes = {
    admin_idempotency: `expires_at = now() + interval '1 day'`,
    principal_emails: 'updated_at = now()',
    spend: 'period_start = now()',
    pooled_spend: 'period_start = now()',
    spend_alerts: 'at = now()',
    admin_audit: 'at = now()',
    principal_groups: 'day = now()',
    usage_daily: 'day = now()',
    spend_entries: 'day = now()',
  }
  const others = replicaPool(database.url, 10)
  const open: { table: string; client: pg.PoolClient }[] = []
  for (const [table, change] of Object.entries(refreshes)) {
    const client = await others.connect()
    await client.query(`begin; update ${table} set ${change}`)
    open.push({ table, client })
  }

  const sweeping = sweeperOf(database.pool, RETENTION).tick(HOUR)
  for (const { table, client } of open) {
    await waitsFor(others, table)
    await client.query('commit')
    client.release()
  }
  await sweeping

  assert.deepEqual(await labels(database), {
    ...{ spend: ['row'], pooled_spend: ['row'], spend_alerts: ['row'], admin_audit: ['row'] },
    ...{ principal_groups: ['row'], usage_daily: ['row'], spend_entries: ['row'] },
  })
  const { rows } = await others.query(
    'select actor from admin_idempotency union all select principal from principal_emails',
  )
  assert.deepEqual(rows, [{ actor: 'row' }, { actor: 'row' }])
  await others.end()
})

test('every deletion repeats the age on the row itself: not every Postgres looks at the ctid of a changed row again', () => {
  const repeating =
    /where (?:ctid|principal) = any \(array\( ?select \w+ from \w+ where (.+) limit \$1\)\) and (.+)$/
  const ages = [...SHORT_LIVED, ...longLived(RETENTION)].map(({ table, text }) => {
    const [, chosenBy, deletedBy] = repeating.exec(text.trim().replace(/\s+/g, ' ')) ?? []
    return { table, chosenBy, deletedBy }
  })

  assert.equal(ages.length, 16)
  assert.deepEqual(
    ages.filter(({ chosenBy, deletedBy }) => chosenBy === undefined || chosenBy !== deletedBy),
    [],
  )
})

/** How often the sweeper is looked at before it is given up. */
const LOOKS = 5000

/** Resolves once a deletion from `table` waits for a lock that somebody else has. */
async function waitsFor(pool: pg.Pool, table: string): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    const { rows } = await pool.query(
      `select 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query ~ ('delete from ' || $1 || '\\s')`,
      [table],
    )
    if (rows.length > 0) return
  }
  assert.fail(`nothing waits to delete from ${table}`)
}
