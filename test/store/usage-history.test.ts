// What the reports of usage are summed from, in a real database.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rememberPrincipal } from '../../app/store/principals.ts'
import { type UsageGrouping, type UsageSum, usageHistory } from '../../app/store/usage-history.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { addGroups, addUsage } from '../support/usage-rows.ts'

const NOVEMBER = { from: '2026-11-01', to: '2026-11-30', after: null, limit: 1000 }

async function spentBy({ pool }: TestDatabase, groupBy: UsageGrouping): Promise<[string, bigint][]> {
  const { rows } = await usageHistory(pool, { ...NOVEMBER, groupBy })
  return rows.map(({ key, nanoUsd }) => [key, nanoUsd])
}

function total(rows: readonly UsageSum[], of: (row: UsageSum) => bigint): bigint {
  return rows.reduce((sum, row) => sum + of(row), 0n)
}

test('by user, model, upstream and day the same is summed, and nothing is lost or rounded', async () => {
  await using database = await createDatabase()
  const large = 9_007_199_254_740_993n // a double cannot hold it
  await addUsage(database.pool, [
    { day: '2026-11-02', principal: 'ann', nano_usd: large, requests: 3, aborted_requests: 2 },
    { day: '2026-11-02', principal: 'ann', upstream: 'vertex', nano_usd: 1n, input_tokens: large },
    { day: '2026-11-03', principal: 'ann', model: 'claude-haiku-5-5', nano_usd: 9n, estimated_requests: 1 },
    { day: '2026-11-03', principal: 'bob', billing_group: 'x', nano_usd: 100n },
    { day: '2026-11-03', principal: 'bob', nano_usd: 1000n },
  ])

  const pages = await Promise.all(
    (['user', 'model', 'upstream', 'day'] as const).map(groupBy =>
      usageHistory(database.pool, { ...NOVEMBER, groupBy }),
    ),
  )

  const expected = {
    ...{ nanoUsd: large + 1110n, listNanoUsd: (large + 1110n) * 2n, requests: 7n, abortedRequests: 2n },
    ...{ estimatedRequests: 1n, inputTokens: large + 40n, outputTokens: 100n, cacheReadTokens: 150n },
    ...{ cacheWrite5mTokens: 200n, cacheWrite1hTokens: 250n, webSearchRequests: 5n },
  }
  for (const { rows } of pages) {
    const summed = Object.keys(expected).map(name => [
      name,
      total(rows, row => row[name as keyof typeof expected]),
    ])
    assert.deepEqual(Object.fromEntries(summed), expected)
  }
  assert.deepEqual(await spentBy(database, 'user'), [
    ['ann', large + 10n],
    ['bob', 1100n],
  ])
  assert.deepEqual(await spentBy(database, 'model'), [
    ['claude-haiku-5-5', 9n],
    ['claude-sonnet-5', large + 1101n],
  ])
  assert.deepEqual(await spentBy(database, 'upstream'), [
    ['anthropic', large + 1109n],
    ['vertex', 1n],
  ])
  assert.deepEqual(await spentBy(database, 'day'), [
    ['2026-11-02', large + 1n],
    ['2026-11-03', 1109n],
  ])
})

test('who is in two groups counts in each, by the groups of the day; who is in none has a row of their own', async () => {
  await using database = await createDatabase()
  await addUsage(database.pool, [
    { day: '2026-11-02', principal: 'ann', nano_usd: 1n },
    { day: '2026-11-03', principal: 'ann', nano_usd: 10n },
    { day: '2026-11-03', principal: 'bob', nano_usd: 100n },
    { day: '2026-11-03', principal: 'bob', model: 'claude-opus-5', nano_usd: 1000n },
    { day: '2026-11-03', principal: 'cid', nano_usd: 10_000n },
    { day: '2026-11-03', principal: 'dan', nano_usd: 100_000n },
  ])
  await addGroups(database.pool, [
    ['2026-11-02', 'ann', ['eng']],
    ['2026-11-03', 'ann', ['sre', 'eng', 'sre']],
    ['2026-11-03', 'bob', ['sre']],
    ['2026-11-03', 'cid', []],
    ['2026-11-04', 'dan', ['eng']],
  ])

  assert.deepEqual(await spentBy(database, 'group'), [
    ['', 110_000n],
    ['eng', 11n],
    ['sre', 1110n],
  ])
})

test('both days of the range count, and no other', async () => {
  await using database = await createDatabase()
  await addUsage(database.pool, [
    { day: '2026-10-31', principal: 'ann', nano_usd: 1n },
    { day: '2026-11-01', principal: 'ann', nano_usd: 10n },
    { day: '2026-11-30', principal: 'ann', nano_usd: 100n },
    { day: '2026-12-01', principal: 'ann', nano_usd: 1000n },
  ])

  assert.deepEqual(await spentBy(database, 'user'), [['ann', 110n]])
  const day = { ...NOVEMBER, from: '2026-10-31', to: '2026-10-31' }
  const one = await usageHistory(database.pool, { ...day, groupBy: 'day' })
  assert.deepEqual(
    one.rows.map(({ key, nanoUsd }) => [key, nanoUsd]),
    [['2026-10-31', 1n]],
  )
})

test('pages follow each other by the bytes of the key, whatever the language of the database', async () => {
  await using database = await createDatabase()
  const people = ['Zoe', 'ann', 'Ärne', 'bob', '-x']
  await addUsage(
    database.pool,
    people.map(principal => ({ day: '2026-11-02', principal, nano_usd: 1n })),
  )
  await addGroups(
    database.pool,
    people.map(principal => ['2026-11-02', principal, [principal, 'all']]),
  )
  const keysOf = async (groupBy: UsageGrouping) => {
    const seen: string[][] = []
    for (let after: string | null = null, more = true; more; more = after !== null) {
      const page = await usageHistory(database.pool, { ...NOVEMBER, groupBy, after, limit: 2 })
      seen.push(page.rows.map(({ key }) => key))
      after = page.next
    }
    return seen
  }

  assert.deepEqual(await keysOf('user'), [['-x', 'Zoe'], ['ann', 'bob'], ['Ärne']])
  assert.deepEqual(await keysOf('group'), [
    ['-x', 'Zoe'],
    ['all', 'ann'],
    ['bob', 'Ärne'],
  ])
})

test('a subject comes with who it was last seen as, and without where nobody remembers', async () => {
  await using database = await createDatabase()
  await rememberPrincipal(database.pool, { sub: 'ann', email: 'ann@example.com', name: 'Ann' })
  await addUsage(database.pool, [
    { day: '2026-11-02', principal: 'ann', model: 'ann', nano_usd: 1n },
    { day: '2026-11-02', principal: 'bob', model: 'ann', nano_usd: 1n },
  ])

  const people = await usageHistory(database.pool, { ...NOVEMBER, groupBy: 'user' })
  const models = await usageHistory(database.pool, { ...NOVEMBER, groupBy: 'model' })

  const shown = [...people.rows, ...models.rows].map(({ key, email, name }) => [key, email, name])
  assert.deepEqual(shown, [
    ['ann', 'ann@example.com', 'Ann'],
    ['bob', null, null],
    ['ann', null, null],
  ])
})

test('where nothing was used there is no row, by whatever it is asked', async () => {
  await using database = await createDatabase()

  for (const groupBy of ['user', 'group', 'model', 'upstream', 'day'] as const)
    assert.deepEqual(await usageHistory(database.pool, { ...NOVEMBER, groupBy }), { rows: [], next: null })
})
