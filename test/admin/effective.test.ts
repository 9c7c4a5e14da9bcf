// Cap and spend per person and period: who is listed, what holds for them, and how pages go on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type AdminRig, assertAdminAnswer, LIMITS, openAdmin, READ_KEY } from '../support/admin-rig.ts'
import { DAY, haveSeen, haveSpent, MONTH, NOW, WEEK } from '../support/spend-rows.ts'

let rig: AdminRig
const ids: Record<string, string> = {}
before(async () => {
  rig = await openAdmin({ clock: () => NOW })
  await haveSpent(rig.whole.database, {
    s1: { [DAY]: 29.048, [WEEK]: 100, [MONTH]: 100.5 },
    s2: { '2026-10': 7 },
    s3: { [DAY]: 1, [WEEK]: 1, [MONTH]: 300 },
    s4: { [MONTH]: 300 },
  })
  await haveSeen(rig.whole.database, [
    ['s1', 'a@example.com', 'A', ['eng']],
    ['s3', 'c_100%@example.com', 'Cé', ['eng', 'ops', 'none']],
    ['s4', null, null, []],
    ['s5', 'never@spent.example', 'Cap Only', []],
  ])
  const caps = [
    ['all', { type: 'organization' }, '700', 'monthly'],
    ['eng-day', { type: 'rbac_group', rbac_group_id: 'eng' }, '10000', 'daily'],
    ['eng-month', { type: 'rbac_group', rbac_group_id: 'eng' }, null, 'monthly'],
    ['ops-month', { type: 'rbac_group', rbac_group_id: 'ops' }, '600', 'monthly'],
    ['ops-day', { type: 'rbac_group', rbac_group_id: 'ops' }, '10000', 'daily'],
    ['s4-week', { type: 'user', user_id: 's4' }, null, 'weekly'],
    ['s5-month', { type: 'user', user_id: 's5' }, '5', 'monthly'],
  ] as const
  for (const [name, scope, amount, period] of caps) {
    ids[name] = String((await rig.set({ scope, amount, period }))['id'])
  }
})
after(() => rig[Symbol.asyncDispose]())

const report = (query = '') => rig.call('GET', `${LIMITS}/effective${query}`, { key: READ_KEY })

interface Row {
  readonly scope: { readonly user_id: string }
  readonly period: string
  readonly amount: string | null
  readonly source: object | null
  readonly period_to_date_spend: string
}
async function parsed(query: string): Promise<{ data: Row[]; next_page: string | null }> {
  return JSON.parse((await report(query)).body)
}
const peopleOf = ({ data }: { data: Row[] }) => [...new Set(data.map(row => row.scope.user_id))]

test('the report has its members in their order, three rows a person, and no name that is not known', async () => {
  const answer = await report('?limit=1')
  const unseen = await report('?user_ids[]=s2&user_ids%5B%5D=nobody&period[]=monthly')

  const { next_page } = JSON.parse(answer.body)
  const actor =
    '"actor":{"type":"user_actor","user_id":"s1","name":"A","email_address":"a@example.com","deleted":false}'
  const row = (amount: string, period: string, end: string) =>
    `{"scope":{"type":"user","user_id":"s1"},"groups":["eng"],${actor},"amount":${amount},"currency":"USD",` +
    `"period":"${period}",${end}}`
  const eng = '"source":{"type":"rbac_group","rbac_group_id":"eng"}'
  assertAdminAnswer(
    answer,
    `{"data":[${[
      row('"10000"', 'daily', `${eng},"spend_limit_id":"${ids['eng-day']}","period_to_date_spend":"29.048"`),
      row('null', 'weekly', '"source":null,"spend_limit_id":null,"period_to_date_spend":"100"'),
      row('null', 'monthly', `${eng},"spend_limit_id":"${ids['eng-month']}","period_to_date_spend":"100.5"`),
    ].join(',')}],"next_page":"${next_page}"}`,
    { 'cache-control': 'no-store' },
  )
  const unknown = (sub: string) =>
    `{"scope":{"type":"user","user_id":"${sub}"},"groups":[],"actor":{"type":"user_actor","user_id":"${sub}",` +
    `"name":null,"email_address":null,"deleted":false},"amount":"700","currency":"USD","period":"monthly",` +
    `"source":{"type":"organization"},"spend_limit_id":"${ids['all']}","period_to_date_spend":"0"}`
  assertAdminAnswer(unseen, `{"data":[${unknown('nobody')},${unknown('s2')}],"next_page":null}`, {
    'cache-control': 'no-store',
  })
})

test('a person is listed for what was spent, in any period that is kept, and not for a cap', async () => {
  const all = await parsed('')

  assert.deepEqual(peopleOf(all), ['s1', 's2', 's3', 's4'])
  assert.equal(all.next_page, null)
  assert.deepEqual(
    all.data.map(({ period }) => period),
    ['s1', 's2', 's3', 's4'].flatMap(() => ['daily', 'weekly', 'monthly']),
  )
})

test('the tiers decide apart for each period, and unlimited ends the search', async () => {
  const { data } = await parsed('?user_ids[]=s3&user_ids[]=s4&user_ids[]=s5')

  const held = data.map(row => [row.scope.user_id, row.period, row.amount, row.source])
  const [eng, ops] = ['eng', 'ops'].map(name => ({ type: 'rbac_group', rbac_group_id: name }))
  assert.deepEqual(held, [
    ['s3', 'daily', '10000', eng],
    ['s3', 'weekly', null, null],
    ['s3', 'monthly', '600', ops],
    ['s4', 'daily', null, null],
    ['s4', 'weekly', null, { type: 'user', user_id: 's4' }],
    ['s4', 'monthly', '700', { type: 'organization' }],
    ['s5', 'daily', null, null],
    ['s5', 'weekly', null, null],
    ['s5', 'monthly', '5', { type: 'user', user_id: 's5' }],
  ])
})

test('most spent first, ties by subject, a page at a time and to the end', async () => {
  const seen: [string, string][] = []
  let page = ''
  do {
    const part = await parsed(`?sort=spend_desc&period[]=monthly&limit=1${page && `&page=${page}`}`)
    seen.push(...part.data.map(row => [row.scope.user_id, row.period_to_date_spend] as [string, string]))
    page = part.next_page ?? ''
  } while (page !== '')
  const daily = await parsed('?sort=spend_desc&period[]=daily&user_ids[]=s3&user_ids[]=s1&user_ids[]=z')

  assert.deepEqual(seen, [
    ['s3', '300'],
    ['s4', '300'],
    ['s1', '100.5'],
    ['s2', '0'],
  ])
  assert.deepEqual(peopleOf(daily), ['s1', 's3', 'z'])
})

test('pages by subject go on where the last one ended, whatever their size', async () => {
  const first = await parsed('?limit=1')
  const second = await parsed(`?limit=2&page=${first.next_page}`)
  const third = await parsed(`?limit=2&page=${second.next_page}`)

  assert.deepEqual([first, second, third].map(peopleOf), [['s1'], ['s2', 's3'], ['s4']])
  assert.equal(third.next_page, null)
})

test('q is a part of subject, address or name in any case, and means what it says', async () => {
  const rows = [
    ['S1', ['s1']],
    ['EXAMPLE.com', ['s1', 's3']],
    ['_100%', ['s3']],
    ['%', ['s3']],
    ['\\', []],
    ["' or 1=1--", []],
    ['cé', ['s3']],
    ['s', ['s1', 's2', 's3', 's4']],
  ] as const
  for (const [q, people] of rows) {
    const page = await parsed(`?period[]=daily&q=${encodeURIComponent(q)}`)

    assert.deepEqual([q, peopleOf(page)], [q, people])
  }
  const paged = await parsed('?q=s&limit=3')
  assert.deepEqual(peopleOf(await parsed(`?q=s&page=${paged.next_page}`)), ['s4'])
})

test('people who were asked for by name come whole, whatever the size of a page; scalars are ignored', async () => {
  const named = Array.from({ length: 30 }, (_, index) => `user_ids[]=p${String(index).padStart(2, '0')}`)

  const page = await parsed(`?limit=1&${named.join('&')}&user_ids[]=p00`)
  const ignored = await parsed('?user_ids=s1&period=daily&other=1')

  assert.equal(page.data.length, 90)
  assert.equal(page.next_page, null)
  assert.deepEqual(peopleOf(ignored), ['s1', 's2', 's3', 's4'])
  assert.equal(ignored.data.length, 12)
})
