// Whatever happens to spend, caps, groups and the clock, the store, the gate and a model that a child could check agree.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { steadyClock } from '../../app/lib/clock.ts'
import { PERIODS, type Period, periodsAt } from '../../app/lib/periods.ts'
import { effectiveCaps, type GroupLimitMode } from '../../app/spend/caps.ts'
import { SpendReader } from '../../app/spend/spend-reader.ts'
import { verdictOn } from '../../app/spend/verdict.ts'
import { SharedConnection } from '../../app/store/shared-connection.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { type CapToSet, setCaps } from '../support/spend-gateway.ts'
import { SUNDAY } from '../support/standings.ts'

const NANO_PER_CENT = 10_000_000n
const SCOPES = ['user', 'rbac_group', 'organization'] as const
/** Their order in UTF-8 is neither that of UTF-16 nor that of a dictionary. */
const GROUPS = ['a', 'B', '\uff21', '\u{1f600}']

type Step =
  | { readonly kind: 'spend'; readonly nano: bigint; readonly who: string }
  | { readonly kind: 'cap'; readonly cap: CapToSet }
  | { readonly kind: 'uncap'; readonly cap: CapToSet }
  | { readonly kind: 'groups'; readonly groups: readonly string[] }
  | { readonly kind: 'clock'; readonly hours: number }

const amount = fc.option(fc.integer({ min: 0, max: 3 }))

/** A row of the table; only groups have a pool, and only of a month. */
const cap: fc.Arbitrary<CapToSet> = fc
  .record({
    scope: fc.constantFrom(...SCOPES, 'rbac_group' as const),
    group: fc.constantFrom(...GROUPS),
    who: fc.constantFrom('ada', 'bob'),
    period: fc.constantFrom<Period>(...PERIODS, 'monthly', 'monthly'),
    ...{ amount, pool: amount },
  })
  .map(({ scope, group, who, period, amount: cents, pool }) => ({
    ...{ scope, period, amount: cents },
    id: { user: who, rbac_group: group, organization: '' }[scope],
    ...(scope === 'rbac_group' && period === 'monthly' && pool !== null && { pool }),
  }))

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    ...{ kind: fc.constant('spend' as const), who: fc.constantFrom('ada', 'ada', 'bob') },
    nano: fc.constantFrom(1n, NANO_PER_CENT - 1n, NANO_PER_CENT, 2n * NANO_PER_CENT),
  }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('cap' as const), cap }) },
  fc.record({ kind: fc.constant('uncap' as const), cap }),
  fc.record({ kind: fc.constant('groups' as const), groups: fc.subarray(GROUPS) }),
  fc.record({ kind: fc.constant('clock' as const), hours: fc.constantFrom(1, 23, 24 * 6, 24 * 8, 24 * 31) }),
)

/** Everything that was ever said, looked through anew for each question. */
class NaiveModel {
  readonly caps = new Map<string, CapToSet>()
  readonly spent: { who: string; at: number; nano: bigint; groups: readonly string[] }[] = []
  groups: readonly string[] = ['a', 'B']
  now = SUNDAY

  cap(period: Period, mode: GroupLimitMode): { source: string; amount: bigint | null } | null {
    const rows = [...this.caps.values()].filter(row => row.period === period)
    const own = rows.find(row => row.scope === 'user' && row.id === 'ada')
    if (own) return { source: 'user', amount: bigOf(own.amount) }
    const ofGroups = rows.filter(row => row.scope === 'rbac_group' && this.groups.includes(row.id ?? ''))
    if (ofGroups.length > 0) {
      const amounts = ofGroups.map(row => row.amount ?? Number.POSITIVE_INFINITY)
      const wanted = mode === 'min' ? Math.min(...amounts) : Math.max(...amounts)
      const named = GROUPS_IN_ORDER.find(group =>
        ofGroups.some(row => row.id === group && (row.amount ?? Number.POSITIVE_INFINITY) === wanted),
      )
      const isUnlimited = wanted === Number.POSITIVE_INFINITY
      return { source: `rbac_group:${named}`, amount: isUnlimited ? null : BigInt(wanted) }
    }
    const all = rows.find(row => row.scope === 'organization')
    return all ? { source: 'organization', amount: bigOf(all.amount) } : null
  }

  total(period: Period, counts: (one: { who: string; groups: readonly string[] }) => boolean): bigint {
    const { startsAt, endsAt } = periodsAt(this.now)[period]
    return this.spent
      .filter(one => one.at >= startsAt && one.at < endsAt && counts(one))
      .reduce((sum, one) => sum + one.nano, 0n)
  }

  isBlocked(mode: GroupLimitMode): boolean {
    const isOver = PERIODS.some(period => {
      const amount = this.cap(period, mode)?.amount ?? null
      return amount !== null && this.total(period, ({ who }) => who === 'ada') >= amount * NANO_PER_CENT
    })
    const pools = [...this.caps.values()].filter(
      row => row.pool !== undefined && this.groups.includes(row.id ?? ''),
    )
    const isEmpty = (row: CapToSet) =>
      this.total('monthly', ({ groups }) => groups.includes(row.id ?? '')) >=
      BigInt(row.pool ?? 0) * NANO_PER_CENT
    return isOver || (mode === 'min' ? pools.some(isEmpty) : pools.length > 0 && pools.every(isEmpty))
  }
}

const GROUPS_IN_ORDER = ['B', 'a', '\uff21', '\u{1f600}']

function bigOf(amount: number | null): bigint | null {
  return amount === null ? null : BigInt(amount)
}

/** Does one step to the model and to the database. */
async function take(step: Step, model: NaiveModel, database: TestDatabase): Promise<void> {
  switch (step.kind) {
    case 'clock':
      model.now += step.hours * 3_600_000
      return
    case 'groups':
      model.groups = step.groups
      return
    case 'cap':
      model.caps.set(keyOf(step.cap), step.cap)
      return setCaps(database, [step.cap])
    case 'uncap': {
      model.caps.delete(keyOf(step.cap))
      const { scope, id, period } = step.cap
      await database.pool.query(
        'delete from spend_limits where scope_type = $1 and scope_id = $2 and period = $3',
        [scope, id, period],
      )
      return
    }
    case 'spend':
      model.spent.push({ who: step.who, at: model.now, nano: step.nano, groups: model.groups })
      return charge(step, model, database)
  }
}

function keyOf({ scope, id, period }: CapToSet): string {
  return JSON.stringify([scope, id, period])
}

/** Every group has a counter here: whether it has a pool is then asked of its row. */
async function charge(
  { nano, who }: { nano: bigint; who: string },
  model: NaiveModel,
  { pool }: TestDatabase,
) {
  const periods = periodsAt(model.now)
  for (const period of PERIODS) {
    await pool.query(
      `insert into spend as old (principal, period, period_start, nano_usd) values ($1, $2, $3, $4)
         on conflict (principal, period) do update set nano_usd = old.nano_usd + excluded.nano_usd`,
      [who, periods[period].key, new Date(periods[period].startsAt), nano],
    )
  }
  for (const group of model.groups) {
    const { key, startsAt } = periods.monthly
    await pool.query(
      `insert into pooled_spend as old (rbac_group_id, period, period_start, nano_usd) values ($1, $2, $3, $4)
         on conflict (rbac_group_id, period) do update set nano_usd = old.nano_usd + excluded.nano_usd`,
      [group, key, new Date(startsAt), nano],
    )
  }
}

async function assertAgreed(model: NaiveModel, reader: SpendReader, { pool }: TestDatabase): Promise<void> {
  const periods = periodsAt(model.now)
  const { groups } = model
  const reading = await reader.read({ sub: 'ada', groups }, periods)
  assert.equal(reading.kind, 'read')
  if (reading.kind !== 'read') return
  for (const mode of ['min', 'max'] as const) {
    const expected = PERIODS.flatMap(period => {
      const cap = model.cap(period, mode)
      return cap === null ? [] : [{ period, ...cap }]
    })
    const found = effectiveCaps(reading.standing.rows, mode)
    const inMemory = PERIODS.flatMap(period => {
      const cap = found[period]
      return cap === null ? [] : [{ period, source: cap.source, amount: cap.cents }]
    })
    assert.deepEqual([inMemory, await capsInStore(pool, groups, mode)], [expected, expected])
    const verdict = verdictOn(reading.standing, { periods, mode })
    assert.equal(verdict.kind !== 'allowed', model.isBlocked(mode))
  }
  const spent = PERIODS.map(period => model.total(period, ({ who }) => who === 'ada'))
  assert.deepEqual(
    PERIODS.map(period => reading.standing.spent[period]),
    spent,
  )
}

async function capsInStore(pool: pg.Pool, groups: readonly string[], mode: GroupLimitMode) {
  const { rows } = await pool.query<{ period: Period; source: string; amount: string | null }>(
    `select asked.period, cap.source, cap.amount
       from unnest($3::text[]) with ordinality as asked (period, place)
       cross join lateral effective_cap('ada', $1, asked.period, $2) as cap
       order by asked.place`,
    [JSON.stringify(groups), mode, PERIODS],
  )
  return rows.map(row => ({ ...row, amount: row.amount === null ? null : BigInt(row.amount) }))
}

test('after any sequence of spend, caps, groups and time, the cap and the block are those of the model', async () => {
  await using database = await createDatabase()
  const pool = new pg.Pool({ connectionString: database.url, max: 1, pipeline: true })
  const connection = new SharedConnection({ pool, deadlineMs: 60_000, clock: steadyClock })
  const reader = new SpendReader({ connection, clock: steadyClock })

  const property = fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), async steps => {
    await database.pool.query('truncate spend, pooled_spend, spend_limits')
    const model = new NaiveModel()
    for (const one of steps) {
      await take(one, model, database)
      await assertAgreed(model, reader, database)
    }
  })
  await fc.assert(property, { numRuns: 50 })

  connection.close()
  await pool.end()
})
