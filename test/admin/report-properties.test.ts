// The report of people against a naive one: whatever was spent, is capped and asked for, its pages are the same rows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AdminRig, LIMITS, openAdmin } from '../support/admin-rig.ts'
import { DAY, haveSeen, haveSpent, MONTH, NOW, WEEK } from '../support/spend-rows.ts'

const PERIODS = ['daily', 'weekly', 'monthly'] as const
type Period = (typeof PERIODS)[number]
const KEYS: Readonly<Record<Period, string>> = { daily: DAY, weekly: WEEK, monthly: MONTH }

// Few letters, so that subjects, parts and ties meet often.
const sub = fc.string({ unit: fc.constantFrom('a', 'b', '0'), minLength: 1, maxLength: 3 })
const group = fc.constantFrom('g1', 'g2', 'g3')
const amount = fc.option(fc.constantFrom('0', '5', '10'))
const period = fc.constantFrom(...PERIODS)

interface Cap {
  readonly scope: string
  readonly period: Period
  readonly amount: string | null
}
const cap = fc.record({
  scope: fc.oneof(sub, group, fc.constant('everybody')),
  period,
  amount,
})
const world = fc.record({
  spent: fc.dictionary(
    sub,
    fc.dictionary(fc.constantFrom(DAY, WEEK, MONTH, '2026-10'), fc.nat(3), { minKeys: 1 }),
  ),
  seen: fc.dictionary(sub, fc.record({ name: fc.option(sub), groups: fc.uniqueArray(group) })),
  caps: fc.uniqueArray(cap, { selector: each => `${each.scope} ${each.period}`, maxLength: 8 }),
})
const question = fc.record({
  q: fc.oneof(fc.constant(''), sub),
  sorted: fc.boolean(),
  periods: fc.uniqueArray(period),
  limit: fc.integer({ min: 1, max: 3 }),
  ids: fc.option(fc.uniqueArray(sub, { minLength: 1 })),
})
type World = typeof world extends fc.Arbitrary<infer T> ? T : never
type Question = typeof question extends fc.Arbitrary<infer T> ? T : never

const isGroup = (scope: string) => scope.startsWith('g')

/** What a person would answer who has the tables in front of them. */
function naive({ spent, seen, caps }: World, { q, sorted, periods, ids }: Question): unknown[] {
  const [only] = periods
  const people = ids ?? Object.keys(spent)
  const found = people
    .filter(who => who.includes(q) || `${who}@x`.includes(q) || (seen[who]?.name ?? '').includes(q))
    .filter(who => ids !== null || Object.keys(spent[who] ?? {}).length > 0)
    .toSorted()
  const in_ = (who: string, each: Period) => spent[who]?.[KEYS[each]] ?? 0
  if (sorted && only) found.sort((a, b) => in_(b, only) - in_(a, only))
  const shown = PERIODS.filter(each => periods.length === 0 || periods.includes(each))
  return found.flatMap(who =>
    shown.map(each => [
      who,
      each,
      String(in_(who, each)),
      ...held(caps, { who, groups: seen[who]?.groups ?? [], period: each }),
    ]),
  )
}

function held(
  caps: readonly Cap[],
  { who, groups, period: of }: { who: string; groups: readonly string[]; period: Period },
): [string | null, string | null] {
  const here = caps.filter(each => each.period === of)
  const own = here.find(({ scope }) => scope === who)
  const worth = (each: Cap) => Number(each.amount ?? Number.POSITIVE_INFINITY)
  const [smallest] = here
    .filter(({ scope }) => isGroup(scope) && groups.includes(scope))
    .toSorted((a, b) => worth(a) - worth(b) || (a.scope < b.scope ? -1 : 1))
  const chosen = own ?? smallest ?? here.find(({ scope }) => scope === 'everybody')
  return chosen === undefined ? [null, null] : [chosen.amount, chosen.scope]
}

interface Row {
  readonly scope: { readonly user_id: string }
  readonly period: string
  readonly period_to_date_spend: string
  readonly amount: string | null
  readonly source: { readonly user_id?: string; readonly rbac_group_id?: string } | null
}

/** Every page, joined. */
async function asked(rig: AdminRig, { q, sorted, periods, limit, ids }: Question): Promise<unknown[]> {
  const query = new URLSearchParams([
    ...['limit', 'q'].map((name, index) => [name, [String(limit), q][index] ?? '']),
    ...periods.map(each => ['period[]', each]),
    ...(ids ?? []).map(id => ['user_ids[]', id]),
    ...(sorted ? [['sort', 'spend_desc']] : []),
  ])
  const rows: Row[] = []
  for (;;) {
    const { data, next_page } = await rig.done('GET', `${LIMITS}/effective?${query}`)
    rows.push(...(data as Row[]))
    if (next_page === null) break
    query.set('page', String(next_page))
  }
  return rows.map(row => [
    ...[row.scope.user_id, row.period, row.period_to_date_spend, row.amount],
    row.source && (row.source.user_id ?? row.source.rbac_group_id ?? 'everybody'),
  ])
}

async function build(rig: AdminRig, { spent, seen, caps }: World): Promise<void> {
  const { database } = rig.whole
  await database.pool.query('truncate spend, principal_emails, spend_limits')
  await haveSpent(database, spent)
  await haveSeen(
    database,
    Object.entries(seen).map(([who, { name, groups }]) => [who, `${who}@x`, name, groups]),
  )
  for (const { scope, period: each, amount: cents } of caps) {
    const type = scope === 'everybody' ? 'organization' : isGroup(scope) ? 'rbac_group' : 'user'
    const id = { organization: {}, rbac_group: { rbac_group_id: scope }, user: { user_id: scope } }[type]
    await rig.set({ scope: { type, ...id }, period: each, amount: cents })
  }
}

test('whatever was spent, capped and asked for, the pages together are what one would read from the tables', async () => {
  await using rig = await openAdmin({ clock: () => NOW })

  await fc.assert(
    fc.asyncProperty(world, fc.array(question, { minLength: 1, maxLength: 6 }), async (made, questions) => {
      await build(rig, made)

      for (const each of questions) {
        const fit = each.periods.length === 1 ? each : { ...each, sorted: false }
        assert.deepEqual(await asked(rig, fit), naive(made, fit))
      }
    }),
    { numRuns: 25 },
  )
})
