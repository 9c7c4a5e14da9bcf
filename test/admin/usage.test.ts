// Usage is reported by whoever, as JSON and as CSV, and both are the manual's to the byte.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { rememberPrincipal } from '../../app/store/principals.ts'
import {
  type AdminRig,
  assertAdminAnswer,
  assertAdminRefusal,
  openAdmin,
  READ_KEY,
} from '../support/admin-rig.ts'
import { addGroups, addUsage } from '../support/usage-rows.ts'

const USAGE = '/v1/organizations/usage'
const NOVEMBER = `${USAGE}?from=2026-11-01&to=2026-11-30`

let rig: AdminRig
before(async () => {
  rig = await openAdmin()
  const { pool } = rig.whole.database
  await rememberPrincipal(pool, { sub: 'ann', email: '=ann@example.com', name: 'Ann "A", B' })
  await addUsage(pool, [
    { day: '2026-11-02', principal: 'ann', nano_usd: 290_480_001n, requests: 3, aborted_requests: 1 },
    { day: '2026-11-03', principal: 'bob', model: '-m', nano_usd: 9_007_199_254_740_993n },
  ])
  await addGroups(rig.whole.database.pool, [
    ['2026-11-02', 'ann', ['eng', '@sre']],
    ['2026-11-03', 'bob', []],
  ])
})
after(() => rig[Symbol.asyncDispose]())

const NO_STORE = { 'cache-control': 'no-store' }
const COUNTS =
  'requests,aborted_requests,estimated_requests,input_tokens,output_tokens,cache_read_tokens,' +
  'cache_write_5m_tokens,cache_write_1h_tokens,web_search_requests,currency,' +
  'spend_cents,spend_nano_usd,list_spend_cents,list_spend_nano_usd'
const ANN = '3,1,0,10,20,30,40,50,1,USD,29.048,290480001,58.096,580960002'
const BOB = '1,0,0,10,20,30,40,50,1,USD,900719925.474,9007199254740993,1801439850.948,18014398509481986'

async function csv(groupBy: string): Promise<string> {
  const answer = await rig.call('GET', `${NOVEMBER}&group_by=${groupBy}&format=csv`, { key: READ_KEY })
  assertAdminAnswer(answer, answer.body, { ...NO_STORE, 'content-type': 'text/csv; charset=utf-8' })
  return answer.body
}

test('JSON has a row for each key: counts are numbers, amounts texts of cents and of billionths', async () => {
  const answer = await rig.call('GET', `${NOVEMBER}&group_by=user`, { key: READ_KEY })

  const [ann, bob] = [
    '"requests":3,"aborted_requests":1,"estimated_requests":0',
    '"requests":1,"aborted_requests":0,"estimated_requests":0',
  ]
  const tokens =
    '"input_tokens":10,"output_tokens":20,"cache_read_tokens":30,"cache_write_5m_tokens":40,' +
    '"cache_write_1h_tokens":50,"web_search_requests":1,"currency":"USD"'
  const body =
    `{"data":[{"type":"usage","user_id":"ann","name":"Ann \\"A\\", B","email_address":"=ann@example.com",${ann},${tokens},` +
    '"spend_cents":"29.048","spend_nano_usd":"290480001","list_spend_cents":"58.096","list_spend_nano_usd":"580960002"},' +
    `{"type":"usage","user_id":"bob","name":null,"email_address":null,${bob},${tokens},` +
    '"spend_cents":"900719925.474","spend_nano_usd":"9007199254740993",' +
    '"list_spend_cents":"1801439850.948","list_spend_nano_usd":"18014398509481986"}],"next_page":null}'
  assertAdminAnswer(answer, body, NO_STORE)
})

test('CSV has the same, quoted, and no cell that a spreadsheet would compute', async () => {
  assert.equal(
    await csv('user'),
    `user_id,name,email_address,${COUNTS}\r\n` +
      `ann,"Ann ""A"", B",'=ann@example.com,${ANN}\r\n` +
      `bob,,,${BOB}\r\n`,
  )
  assert.equal(await csv('group'), `rbac_group_id,${COUNTS}\r\n,${BOB}\r\n'@sre,${ANN}\r\neng,${ANN}\r\n`)
  assert.equal(await csv('model'), `model,${COUNTS}\r\n'-m,${BOB}\r\nclaude-sonnet-5,${ANN}\r\n`)
  assert.equal(await csv('day'), `day,${COUNTS}\r\n2026-11-02,${ANN}\r\n2026-11-03,${BOB}\r\n`)
})

test('a range without usage is an empty list, and a table of its head', async () => {
  const query = '?from=2025-11-01&to=2025-11-30&group_by=upstream'

  const asJson = await rig.call('GET', `${USAGE}${query}`)
  const asCsv = await rig.call('GET', `${USAGE}${query}&format=csv`)

  assert.deepEqual(JSON.parse(asJson.body), { data: [], next_page: null })
  assert.equal(asCsv.body, `upstream,${COUNTS}\r\n`)
})

test('pages are joined by a token, and those of CSV make one table', async () => {
  const target = `${NOVEMBER}&group_by=user&limit=1`

  const first = await rig.done('GET', target)
  const second = await rig.done('GET', `${target}&page=${first['next_page']}`)
  const table = await rig.call('GET', `${target}&format=csv`)
  const rest = await rig.call('GET', `${target}&format=csv&page=${table.headers['x-gatehouse-next-page']}`)

  const idsOf = ({ data }: Record<string, unknown>) => (data as { user_id: string }[]).map(row => row.user_id)
  assert.deepEqual([idsOf(first), idsOf(second), second['next_page']], [['ann'], ['bob'], null])
  assert.equal(table.body + rest.body, await csv('user'))
  assert.equal(rest.headers['x-gatehouse-next-page'], undefined)
})

test('what cannot be reported is refused: field and fault', async () => {
  const token = (await rig.done('GET', `${NOVEMBER}&group_by=user&limit=1`))['next_page']
  const rows = [
    ['?to=2026-11-30&group_by=user', 'from: must be a day such as 2026-11-01'],
    ['?from=2026-11-01&to=2026-02-30&group_by=user', 'to: must be a day such as 2026-11-01'],
    ['?from=2026-11-02&to=2026-11-01&group_by=user', 'to: must not be before from'],
    ['?from=2025-10-27&to=2026-12-01&group_by=user', 'to: makes more than 400 days: ask for fewer at a time'],
    ['?from=2026-11-01&to=2026-11-30', 'group_by: must be one of user, group, model, upstream, day'],
    [
      '?from=2026-11-01&to=2026-11-30&group_by=team',
      'group_by: must be one of user, group, model, upstream, day',
    ],
    ['?from=2026-11-01&to=2026-11-30&group_by=day&format=xml', 'format: must be one of json, csv'],
    [
      '?from=2026-11-01&to=2026-11-30&group_by=day&limit=1001',
      'limit: must be a whole number from 1 to 1000',
    ],
    ['?from=2026-11-01&to=2026-11-30&group_by=day&page=x', 'page: is not a token that this gateway gave'],
    [`?from=2026-11-01&to=2026-11-30&group_by=day&page=${token}`, 'page: belongs to other filters'],
  ] as const
  for (const [query, message] of rows)
    assertAdminRefusal(await rig.call('GET', `${USAGE}${query}`), 400, 'invalid_request_error', message)
})

test('nobody reads usage without a key', async () => {
  const answer = await rig.call('GET', `${NOVEMBER}&group_by=user`, { key: null })

  const message = 'the Admin API needs an x-api-key, or the bearer of an administrator'
  assertAdminRefusal(answer, 401, 'authentication_error', message)
})

test('a third report at once is asked to come later', async () => {
  const target = `${NOVEMBER}&group_by=user`
  const lock = await rig.whole.database.pool.connect()
  try {
    await lock.query('begin; lock table usage_daily in access exclusive mode')
    const waiting = [rig.call('GET', target), rig.call('GET', target)]
    await locksAwaited(2)

    const third = await rig.call('GET', target)

    assert.deepEqual([third.status, third.headers['retry-after']], [503, '5'])
    assert.match(third.body, /"other reports are running; try again"/)
    await lock.query('rollback')
    assert.deepEqual(
      (await Promise.all(waiting)).map(({ status }) => status),
      [200, 200],
    )
  } finally {
    lock.release()
  }
})

async function locksAwaited(count: number): Promise<void> {
  for (let look = 0; look < 1000; look += 1) {
    const { rows } = await rig.whole.database.pool.query(
      `select 1 from pg_locks where not granted and relation = 'usage_daily'::regclass`,
    )
    if (rows.length === count) return
  }
  throw new Error('the reports wait for no lock')
}
