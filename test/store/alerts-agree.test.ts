// Whatever caps there are, a settlement raises what the cap that applies says, and nothing else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type pg from 'pg'
import { PERIODS } from '../../app/lib/periods.ts'
import { createDatabase } from '../support/postgres.ts'
import { inWords, SHARES, setCap, spend } from '../support/spent.ts'

const amount = fc.constantFrom(null, 0, 1, 2, 7, 100, 1000)
const scope = fc.constantFrom('user:ada', 'user:bob', 'rbac_group:eng', 'rbac_group:ops', 'organization')
const caps = fc.array(fc.record({ scope, period: fc.constantFrom(...PERIODS), amount }), { maxLength: 8 })
const situation = fc.record({
  caps,
  groups: fc.subarray(['eng', 'ops', 'none']),
  mode: fc.constantFrom('min' as const, 'max' as const),
  cents: fc.integer({ min: 0, max: 1100 }),
})

/** By the definition: every counter, the cap that applies to it, every share. */
async function wanted(pool: pg.Pool, groups: readonly string[], mode: string): Promise<string[]> {
  const { rows } = await pool.query(
    `select 'user:' || s.principal as scope, s.period, share::text, cap.amount as cap_cents, s.nano_usd
       from spend s
      cross join lateral effective_cap(s.principal, $1, case when s.period ~ 'W' then 'weekly'
                                       when length(s.period) = 7 then 'monthly' else 'daily' end, $2) as cap
      cross join unnest($3::numeric[]) as share
      where s.principal = 'ada' and cap.amount > 0 and s.nano_usd >= cap.amount * 10000000 * share`,
    [JSON.stringify(groups), mode, SHARES],
  )
  return rows.map(inWords).toSorted()
}

test('what is raised follows from the cap that applies', async () => {
  await using database = await createDatabase()
  const { pool } = database

  await fc.assert(
    fc.asyncProperty(situation, async ({ caps, groups, mode, cents }) => {
      await pool.query('delete from spend; delete from spend_limits; delete from spend_alerts')
      for (const cap of caps) await setCap(pool, cap)

      const raised = await spend(pool, { principal: 'ada', groups, mode, cents })

      assert.deepEqual(raised.map(inWords).toSorted(), await wanted(pool, groups, mode))
    }),
    { numRuns: 60 },
  )
})
