// The database admits and the gateway explains: both must see the same caps, pools and counters.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { steadyClock } from '../../app/lib/clock.ts'
import { PERIODS as NAMES, type Period } from '../../app/lib/periods.ts'
import type { GroupLimitMode } from '../../app/spend/caps.ts'
import { entryIdAt } from '../../app/spend/entry-id.ts'
import { nanoUsd } from '../../app/spend/money.ts'
import { Reservations } from '../../app/spend/reservations.ts'
import { SpendReader } from '../../app/spend/spend-reader.ts'
import { verdictOn } from '../../app/spend/verdict.ts'
import { createDatabase } from '../support/postgres.ts'
import { charge, connectionOf, NOON, PERIODS, setCaps } from '../support/spend-tables.ts'

const GROUPS = ['a', 'B', '\uff21', '\u{1f600}']

const cents = fc.option(fc.integer({ min: 0, max: 4 }))

const cap = fc
  .record({
    scope: fc.constantFrom('user:ada', 'organization', ...GROUPS.map(group => `rbac_group:${group}`)),
    period: fc.constantFrom<Period>(...NAMES, 'monthly', 'monthly'),
    ...{ cents, pool: cents },
  })
  .map(({ scope, period, cents, pool }) => ({
    ...{ scope, period, cents },
    ...(scope.startsWith('rbac') && period === 'monthly' && pool !== null && { pool }),
  }))

const world = fc.record({
  caps: fc.uniqueArray(cap, { maxLength: 8, selector: ({ scope, period }) => `${scope} ${period}` }),
  groups: fc.subarray(GROUPS),
  mode: fc.constantFrom<GroupLimitMode>('min', 'max'),
  spent: fc.integer({ min: 0, max: 4 }),
  pooled: fc.subarray(GROUPS),
  estimate: fc.bigInt({ min: 1n, max: 100_000_000n }),
})

test('whoever is alone is admitted by the database exactly when the gateway sees no reason to refuse', async () => {
  await using database = await createDatabase()
  const { pool } = database
  await fc.assert(
    fc.asyncProperty(world, async ({ caps, groups, mode, spent, pooled, estimate }) => {
      await pool.query('truncate spend, pooled_spend, spend_limits, spend_holds')
      await setCaps(pool, ...caps)
      await charge(pool, { cents: spent, pools: pooled })
      const connection = connectionOf(pool)
      const reservations = new Reservations({ connection, groupLimitMode: mode, deadlineMs: 60_000 })
      const reader = new SpendReader({ connection, reservations, clock: steadyClock })

      const plain = await reader.read({ sub: 'ada', groups }, PERIODS)
      const wish = { entryId: entryIdAt(NOON), estimate: nanoUsd(estimate) }
      const { reading, hold } = await reader.reserve({ sub: 'ada', groups }, PERIODS, wish)

      assert.ok(reading.kind === 'read' && plain.kind === 'read')
      const terms = { periods: PERIODS, mode }
      assert.deepEqual(verdictOn(reading.standing, terms), verdictOn(plain.standing, terms))
      assert.equal(hold.kind === 'taken', verdictOn(reading.standing, terms).kind === 'allowed')
    }),
    { numRuns: 100 },
  )
})
