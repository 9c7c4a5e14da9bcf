// One look at spend, again and again: the gate against a real PostgreSQL on loopback, without a gateway around it.
//
// usage: node bench/gate-alone.ts [--rounds 9] [--looks 5000]
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { startPostgres } from '../app/development/postgres.ts'
import { steadyClock, systemClock } from '../app/lib/clock.ts'
import { periodsAt } from '../app/lib/periods.ts'
import { SpendGate } from '../app/spend/gate.ts'
import { SpendReader } from '../app/spend/spend-reader.ts'
import { migrate } from '../app/store/migrate.ts'
import { SharedConnection } from '../app/store/shared-connection.ts'
import { quantile, spread } from './statistics.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    looks: { type: 'string', default: '5000' },
  },
})
const looks = Number(values.looks)

/** What a request may cost more by the gate, in milliseconds. */
const TARGETS = { cpuMs: 0.15, p50Ms: 0.6 }

const IDENTITY = { sub: 'ada', groups: Array.from({ length: 20 }, (_, index) => `group-${index}`) }

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Caps and counters of a company: 1,000 people of whom each has counters, 100 groups with a cap, three of them Ada's. */
async function fill(pool: pg.Pool): Promise<void> {
  await pool.query(`
    insert into spend_limits (id, scope_type, scope_id, period, amount, pool_amount, created_by)
      select 'spl_' || n, 'rbac_group', 'group-' || n * 7, 'monthly', 100000000, 100000000, 'bench'
        from generate_series(0, 99) as n
      union all select 'spl_all', 'organization', '', 'daily', 100000000, null, 'bench'`)
  for (const { key, startsAt } of Object.values(periodsAt(systemClock()))) {
    await pool.query(
      `insert into spend (principal, period, period_start, nano_usd)
         select case n when 0 then 'ada' else 'sub-' || n end, $1, $2, 5 from generate_series(0, 999) as n`,
      [key, new Date(startsAt)],
    )
  }
  await pool.query('analyze')
}

interface Figures {
  readonly cpuMs: number
  readonly p50Ms: number
}

/** CPU and time of a look while so many are under way at once. */
async function measure(gate: SpendGate, atOnce: number): Promise<Figures> {
  const times: number[] = []
  const before = process.cpuUsage()
  const ask = async () => {
    while (times.length < looks) {
      const startedAt = performance.now()
      const { headers } = await gate.begin({ requestId: 'bench', identity: IDENTITY }).pass(null)
      times.push(performance.now() - startedAt)
      if (Object.keys(headers).length === 0) throw new Error('spend could not be read')
    }
  }
  await Promise.all(Array.from({ length: atOnce }, ask))
  const { user, system } = process.cpuUsage(before)
  return { cpuMs: (user + system) / 1000 / times.length, p50Ms: quantile(times, 0.5) }
}

const server = await startPostgres({
  folder: await mkdtemp(join(tmpdir(), 'gatehouse-bench-')),
  ...{ persistent: false, tcp: true },
})
const connectionString = server.tcpUrl ?? server.url
const pool = new pg.Pool({ connectionString, max: 1 })
const pipeline = new pg.Pool({ connectionString, max: 1, pipeline: true })
const connection = new SharedConnection({ pool: pipeline, deadlineMs: 2000, clock: steadyClock })
try {
  await migrate(pool, { folder: join(import.meta.dirname, '../app/store/migrations'), log: silent })
  await fill(pool)
  const gate = new SpendGate({
    reader: new SpendReader({ connection, clock: steadyClock }),
    ...{ groupLimitMode: 'min', blockedMessage: undefined, failsClosed: false, observer: null },
    ...{ audit: { write() {} }, log: silent, clock: systemClock, monotonic: steadyClock },
  })
  console.log('at once   CPU ms/look [q1 q3]        p50 ms [q1 q3]')
  for (const atOnce of [1, 16]) {
    await measure(gate, atOnce)
    const rounds: Figures[] = []
    for (let round = 0; round < Number(values.rounds); round += 1) rounds.push(await measure(gate, atOnce))
    const shown = (figures: readonly number[]) => {
      const { q1, median, q3 } = spread(figures)
      return `${median.toFixed(3)} [${q1.toFixed(3)} ${q3.toFixed(3)}]`.padEnd(24)
    }
    const [cpu, p50] = [rounds.map(({ cpuMs }) => cpuMs), rounds.map(({ p50Ms }) => p50Ms)]
    console.log(`${String(atOnce).padStart(7)}   ${shown(cpu)}   ${shown(p50)}`)
  }
  console.log(`at most ${TARGETS.cpuMs} ms of CPU and ${TARGETS.p50Ms} ms at p50 are meant to be added`)
} finally {
  connection.close()
  await Promise.all([pool.end(), pipeline.end()])
  await server.stop()
}
