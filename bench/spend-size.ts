// What limits of spend and their records weigh in Postgres: a year of a company's work is written to a database with the
// gateway's own tables, and each table is measured with its indexes; then a day of updates shows what versions of rows
// that are dead, and not yet reclaimed, add.
//
// usage: node bench/spend-size.ts [--developers 1000] [--days 250] [--models 3] [--requests 200] [--groups 5]
//
// Figures are for --developers; a row per 1,000 developers is scaled by 1,000 / --developers.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { startPostgres } from '../app/development/postgres.ts'
import { silentLog } from '../app/lib/log.ts'
import { migrate } from '../app/store/migrate.ts'

const { values } = parseArgs({
  options: {
    developers: { type: 'string', default: '1000' },
    /** Working days in a year. */
    days: { type: 'string', default: '250' },
    /** That a developer uses on a day. */
    models: { type: 'string', default: '3' },
    /** Of a developer on a day. */
    requests: { type: 'string', default: '200' },
    /** That a developer is in. */
    groups: { type: 'string', default: '5' },
  },
})
const developers = Number(values.developers)
const days = Number(values.days)
const models = Number(values.models)
const requests = Number(values.requests)
const groups = Number(values.groups)

/** `gatehouse.spend.entry_retention_days` at its default: today and eight days before it. */
const ENTRY_DAYS = 9

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-spend-size-'))
const server = await startPostgres({ folder: join(folder, 'postgres'), persistent: false })
const pool = new pg.Pool({ connectionString: server.url, max: 1 }).on('error', () => {}) // the server's end is no fault
try {
  await migrate(pool, { folder: join(import.meta.dirname, '../app/store/migrations'), log: silentLog })
  await fill()
  await pool.query('vacuum analyze')
  const filled = await sizes()
  await updateForADay()
  report(filled, await sizes())
} finally {
  await pool.end()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** Rows come in the order of time, and on each day in no order of people. */
async function fill(): Promise<void> {
  await pool.query(`
    create temp table workday as
      select day, row_number() over (order by day desc) as back
        from (select d::date as day from generate_series(current_date - 600, current_date, interval '1 day') as d
               where extract(isodow from d) < 6 order by d desc limit ${days}) as t;
    create temp table developer as select md5(n::text)::uuid::text as sub, n from generate_series(1, ${developers}) as n;
    create temp table model as select 'claude-model-' || n as id from generate_series(1, ${models}) as n;
    create function groups_of(n bigint) returns jsonb language sql immutable as $$
      select jsonb_agg('department-group-' || (n + i * 7) % 50) from generate_series(1, ${groups}) as i $$`)
  await pool.query(`
    insert into spend (principal, period, period_start, nano_usd)
    select sub, key, start, 1234567890 + n
      from (select distinct day as start, to_char(day, 'YYYY-MM-DD') as key from workday
            union all
            select distinct date_trunc('week', day)::date, to_char(day, 'IYYY"-W"IW') from workday
            union all
            select distinct date_trunc('month', day)::date, to_char(day, 'YYYY-MM') from workday) as period, developer
     order by start, sub`)
  await pool.query(`
    insert into pooled_spend (rbac_group_id, period, period_start, nano_usd)
    select distinct 'department-group-' || n, to_char(day, 'YYYY-MM'), date_trunc('month', day)::date, 1234567890123
      from workday, generate_series(0, 49) as n`)
  await pool.query(`
    insert into principal_groups select day, sub, groups_of(n) from workday, developer order by day, sub`)
  await pool.query(`
    insert into usage_daily
    select day, sub, id, 'anthropic', '', 66, 1, 1, 1234567, 123456, 12345678, 1234567, 0, 3, 1234567890, 1234567890
      from workday, developer, model order by day, sub, id`)
  await pool.query(`
    insert into spend_entries
    select uuidv7(), now(), sub, day, 'claude-model-' || 1 + r % ${models}, 'anthropic', '',
           12345, 1234, 123456, 1234, 0, 0, 12345678, 12345678, false, false
      from workday, generate_series(1, ${requests}) as r, developer
     where day > current_date - ${ENTRY_DAYS} order by day, r, sub`)
  await pool.query(`
    insert into principal_emails (principal, email, name, groups)
    select sub, 'developer-' || n || '@example.com', 'Developer Number ' || n, groups_of(n) from developer`)
  await pool.query(`
    insert into spend_limits (id, scope_type, scope_id, period, amount, created_by)
    select 'spl_' || md5(n::text), 'user', sub, 'monthly', 50000, 'admin-key:terraform'
      from developer where n % 10 = 0`)
}

/** Counters of the last day, changed once for each request, as requests of everybody come in turns. */
async function updateForADay(): Promise<void> {
  for (let request = 0; request < requests; request += 1) {
    await pool.query(`
      update spend set nano_usd = nano_usd + 12345678, updated_at = now()
       where period in (select unnest(array[to_char(day, 'YYYY-MM-DD'), to_char(day, 'IYYY"-W"IW'), to_char(day, 'YYYY-MM')])
                          from workday where back = 1)`)
    await pool.query(`
      update usage_daily set requests = requests + 1, nano_usd = nano_usd + 12345678
       where day = (select day from workday where back = 1) and model = 'claude-model-${1 + (request % models)}'`)
  }
}

interface Size {
  readonly table: string
  readonly rows: number
  readonly bytes: number
  readonly indexes: number
}

async function sizes(): Promise<Size[]> {
  const tables = ['spend', 'pooled_spend', 'usage_daily', 'principal_groups', 'spend_entries']
  tables.push('principal_emails', 'spend_limits')
  const found: Size[] = []
  for (const table of tables) {
    const { rows } = await pool.query<Record<'rows' | 'bytes' | 'indexes', string>>(`
      select (select count(*) from ${table}) as rows, pg_total_relation_size('${table}') as bytes,
             pg_indexes_size('${table}') as indexes`)
    const [size] = rows
    if (size === undefined) continue
    found.push({
      table,
      rows: Number(size.rows),
      bytes: Number(size.bytes),
      indexes: Number(size.indexes),
    })
  }
  return found
}

function report(filled: readonly Size[], updated: readonly Size[]): void {
  const factor = 1000 / developers
  console.log(
    `${developers} developers, ${days} working days, ${models} models and ${requests} requests a day, ${groups} groups`,
  )
  const head = ['table', 'rows', 'MB', 'of it indexes', 'bytes a row', 'MB for 1,000', 'after a day']
  const lines = filled.map(({ table, rows, bytes, indexes }, index) => [
    table,
    String(rows),
    megabytes(bytes),
    megabytes(indexes),
    (bytes / Math.max(rows, 1)).toFixed(0),
    megabytes(bytes * factor),
    megabytes(updated[index]?.bytes ?? 0),
  ])
  const total = filled.reduce((sum, { bytes }) => sum + bytes, 0)
  const after = updated.reduce((sum, { bytes }) => sum + bytes, 0)
  const sum = ['all', '', megabytes(total), '', '', megabytes(total * factor), megabytes(after)]
  for (const row of [head, ...lines, sum])
    console.log(row.map((cell, column) => (column === 0 ? cell.padEnd(18) : cell.padStart(14))).join(''))
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1)
}
