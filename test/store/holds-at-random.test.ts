// Whatever happens to reservations, in whatever order and at the same time: the counters say what is held, and caps hold.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type pg from 'pg'
import { entryIdAt } from '../../app/spend/entry-id.ts'
import { settleSpend } from '../../app/store/spend-entries.ts'
import { renewHolds, sweepHolds } from '../../app/store/spend-holds.ts'
import { entry } from '../support/entries.ts'
import { createDatabase, replicaPool, type TestDatabase } from '../support/postgres.ts'
import { expire, NOON, reserveAll, setCaps } from '../support/spend-tables.ts'

const CENT = 10_000_000n
const CAP = 60
const POOL = 100

let database: TestDatabase
let replicas: readonly pg.Pool[]
before(async () => {
  database = await createDatabase()
  replicas = [replicaPool(database.url, 3), replicaPool(database.url, 3)]
})
after(async () => {
  await Promise.all(replicas.map(replica => replica.end()))
  await database[Symbol.asyncDispose]()
})

/** One request, from its reservation on. */
interface Asked {
  readonly entryId: string
  readonly principal: string
  readonly groups: readonly string[]
  readonly cents: number
  readonly isTaken: boolean
  /** Given back, and so without cost. */
  isReleased: boolean
}

/** Who asks, and for how much. */
interface Newcomer {
  readonly who: number
  readonly isMember: boolean
  readonly cents: number
}

/** What happens next; `which` is one of those that were asked before. */
type Step =
  | { readonly kind: 'reserve'; readonly fleet: readonly Newcomer[] }
  | {
      readonly kind: 'settle' | 'release' | 'expire' | 'renew'
      readonly which: number
      readonly share: number
    }
  | { readonly kind: 'sweep' }

const newcomer = fc.record({ who: fc.nat(1), isMember: fc.boolean(), cents: fc.integer({ min: 1, max: 40 }) })

const reserve = fc.record({
  kind: fc.constant('reserve' as const),
  fleet: fc.array(newcomer, { minLength: 1, maxLength: 4 }),
})

function later(...kinds: ('settle' | 'release' | 'expire' | 'renew')[]) {
  return fc.record({ kind: fc.constantFrom(...kinds), which: fc.nat(), share: fc.nat(100) })
}

/** Each burst happens at once, spread over two replicas. */
function bursts(step: fc.Arbitrary<Step>): fc.Arbitrary<Step[][]> {
  return fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 })
}

test('the counters hold what live reservations hold, whatever is settled, released, renewed and swept at once', async () => {
  const step = fc.oneof<fc.Arbitrary<Step>[]>(
    reserve,
    later('settle', 'release', 'expire', 'renew'),
    fc.constant({ kind: 'sweep' }),
  )
  await fc.assert(
    fc.asyncProperty(bursts(step), async all => {
      const asked = await startAnew()
      for (const burst of all) {
        await Promise.all(burst.map((one, place) => take(one, asked, replicas[place % 2]!)))
        assert.deepEqual(await imbalance(), [])
      }
    }),
    { numRuns: 40 },
  )
})

test('while every request costs at most its estimate, a cap and a pool are passed by one request at most', async () => {
  const step = fc.oneof<fc.Arbitrary<Step>[]>(reserve, later('settle', 'release'))
  await fc.assert(
    fc.asyncProperty(bursts(step), async all => {
      const asked = await startAnew()
      for (const burst of all) {
        await Promise.all(burst.map((one, place) => take(one, asked, replicas[place % 2]!)))
      }
      for (const [which] of asked.entries()) {
        await take({ kind: 'settle', which, share: 100 }, asked, replicas[0]!)
      }

      const { rows } = await database.pool.query<{ over: string | null }>(`
        select max(greatest(
                 (select max(nano_usd) from spend) - ${CAP} * 10000000::bigint,
                 (select max(nano_usd) from pooled_spend) - ${POOL} * 10000000::bigint)) as over`)
      assert.ok(BigInt(rows[0]?.over ?? 0) < 40n * CENT)
    }),
    { numRuns: 30 },
  )
})

async function startAnew(): Promise<Asked[]> {
  await database.pool.query(
    `truncate spend, pooled_spend, spend_limits, spend_holds, spend_entries, usage_daily, principal_groups`,
  )
  await setCaps(
    database.pool,
    { scope: 'organization', period: 'weekly', cents: CAP },
    { scope: 'rbac_group:eng', pool: POOL },
    { scope: 'rbac_group:all', pool: POOL },
  )
  return []
}

async function take(step: Step, asked: Asked[], pool: pg.Pool): Promise<void> {
  if (step.kind === 'sweep') return void (await sweepHolds(pool, 3))
  if (step.kind === 'reserve') return ask(step, { asked, pool })
  if (asked.length === 0) return
  const one = asked[step.which % asked.length]! // the remainder is a place in the list
  switch (step.kind) {
    case 'settle':
      return settle(one, step.share, pool)
    case 'release':
      one.isReleased = true
      return void (await settleSpend(pool, { entries: '[]', released: [one.entryId] }))
    case 'expire':
      return expire(pool, [one.entryId])
    case 'renew':
      return void (await renewHolds(pool, [one.entryId]))
  }
}

async function ask(
  { fleet }: Extract<Step, { kind: 'reserve' }>,
  { asked, pool }: { asked: Asked[]; pool: pg.Pool },
): Promise<void> {
  const wanted = fleet.map(({ who, isMember, cents }) => ({
    ...{ entryId: entryIdAt(NOON), principal: `p${who}`, groups: isMember ? ['eng', 'all'] : [], cents },
  }))
  const reserved = await reserveAll(pool, wanted)
  asked.push(
    ...wanted.map((one, index) => ({
      ...{ ...one, isTaken: reserved[index]?.isTaken === true, isReleased: false },
    })),
  )
}

/** At `share` percent of the estimate; a request that was not admitted costs nothing. */
async function settle({ isTaken, isReleased, ...asked }: Asked, share: number, pool: pg.Pool) {
  if (!isTaken || isReleased) return
  const { entryId, principal, groups, cents } = asked
  const nano = (BigInt(cents) * CENT * BigInt(share)) / 100n
  const made = entry({ sub: principal, groups, at: NOON, nano, changes: { entry_id: entryId } })
  await settleSpend(pool, { entries: JSON.stringify([made]), released: [] })
}

/** The counters that do not hold the sum of the holds on them. */
async function imbalance(): Promise<readonly unknown[]> {
  const { rows } = await database.pool.query(`
    select * from (
      select principal as name, period, held_nano_usd,
             coalesce((select sum(h.nano_usd) from spend_holds h
                        where h.principal = s.principal and s.period = any (h.periods)), 0) as live
        from spend s
      union all
      select rbac_group_id, period, held_nano_usd,
             coalesce((select sum(h.nano_usd) from spend_holds h
                        where s.rbac_group_id = any (h.pools) and s.period = any (h.periods)), 0)
        from pooled_spend s) as counter
     where held_nano_usd <> live`)
  return rows
}
