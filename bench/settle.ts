// How long one settlement takes, by how many entries it has: of one developer, whose counters all of them move, and of as
// many developers, each with counters of their own. Every entry has 20 groups, two of which have a shared budget.
//
// usage: node bench/settle.ts [--rounds 30]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { startPostgres } from '../app/development/postgres.ts'
import { silentLog } from '../app/lib/log.ts'
import { entryOf } from '../app/spend/entry.ts'
import { entryIdAt } from '../app/spend/entry-id.ts'
import { nanoUsd } from '../app/spend/money.ts'
import { migrate } from '../app/store/migrate.ts'
import { settleSpend } from '../app/store/spend-entries.ts'
import { quantile } from './statistics.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '30' } } })
const rounds = Number(values.rounds)

const GROUPS = Array.from({ length: 20 }, (_, n) => `group-${n}`)
const TOKENS = { input: 1000, output: 200, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0 }

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-settle-'))
const server = await startPostgres({ folder: join(folder, 'postgres'), persistent: false })
const pool = new pg.Pool({ connectionString: server.url, max: 1 }).on('error', () => {}) // the server's end is no fault
try {
  await migrate(pool, { folder: join(import.meta.dirname, '../app/store/migrations'), log: silentLog })
  await pool.query(`
    insert into spend_limits (id, scope_type, scope_id, period, pool_amount, created_by)
    select name, 'rbac_group', name, 'monthly', 100000, 'bench' from unnest('{group-3,group-7}'::text[]) name`)
  console.log('entries  of           ms, median  ms, 95 %')
  for (const size of [1, 10, 100, 500]) {
    await measure(size, { name: 'one', sub: () => 'dev-0' })
    await measure(size, { name: 'as many', sub: n => `dev-${n}` })
  }
} finally {
  await pool.end()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function measure(size: number, who: { name: string; sub: (n: number) => string }): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const entries = JSON.stringify(Array.from({ length: size }, (_, n) => entryFor(who.sub(n))))
    const began = performance.now()
    await settleSpend(pool, { entries, released: [] })
    times.push(performance.now() - began)
  }
  const cells = [quantile(times, 0.5), quantile(times, 0.95)].map(ms => ms.toFixed(1).padStart(10))
  console.log(`${String(size).padStart(7)}  ${who.name.padEnd(10)} ${cells.join('  ')}`)
}

function entryFor(sub: string) {
  const now = Date.now()
  return entryOf(
    { entryId: entryIdAt(now), admittedAt: now, identity: { sub, groups: GROUPS } },
    {
      ...{ upstream: 'main', estimated: false, aborted: false, served_model: 'claude-sonnet-5' },
      ...{
        parts: [{ model: 'claude-sonnet-5', ...TOKENS }],
        web_searches: 0,
        speed: null,
        inference_geo: null,
      },
    },
    { costs: { amount: nanoUsd(4_000_000n), list: nanoUsd(4_000_000n) }, model: 'claude-sonnet-5' },
  )
}
