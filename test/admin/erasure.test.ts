// A person is forgotten: who they were, or every trace of the subject, while the sums stay.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import {
  type AdminRig,
  assertAdminAnswer,
  assertAdminRefusal,
  LIMITS,
  openAdmin,
} from '../support/admin-rig.ts'
import { DAY, haveSeen, haveSpent, haveUsed, MONTH, NOW } from '../support/spend-rows.ts'

const SUB = '00u/marked%sub'
const PERSON = `/v1/organizations/principals/${encodeURIComponent(SUB)}`
let rig: AdminRig
before(async () => {
  rig = await openAdmin({ clock: () => NOW })
})
after(() => rig[Symbol.asyncDispose]())

/** Tables of ours, by `information_schema`: those of later releases are found as well. */
async function tables(): Promise<string[]> {
  const { rows } = await rig.whole.database.pool.query(
    `select table_name from information_schema.tables where table_schema = 'public' order by 1`,
  )
  return rows.map(row => row.table_name)
}

/** In which tables some value contains `text`. */
async function tablesWith(text: string): Promise<string[]> {
  const found: string[] = []
  for (const table of await tables()) {
    const { rows } = await rig.whole.database.pool.query(
      `select 1 from ${table} as t where position($1 in t::text) > 0 limit 1`,
      [text],
    )
    if (rows.length > 0) found.push(table)
  }
  return found
}

const boss = async () => ({ authorization: `Bearer ${await rig.bearer(SUB, ['owners'])}` })

/** A person who is in every table that may name somebody, and an administrator. */
beforeEach(async () => {
  const { database } = rig.whole
  await database.pool.query(
    `truncate ${(await tables()).filter(name => name !== 'schema_migrations').join(', ')}`,
  )
  ;(rig.whole.gateway.events as unknown[]).length = 0 // each test reads its own
  await haveSeen(database, [
    [SUB, 'ada@example.com', 'Ada', ['eng']],
    ['other', 'bo@example.com', 'Bo', ['eng']],
  ])
  await haveSpent(database, { [SUB]: { [DAY]: 3, [MONTH]: 5 }, other: { [MONTH]: 7 } })
  await haveUsed(database, { day: DAY, sub: SUB, groups: ['eng'], cents: 3 })
  await haveUsed(database, { day: '2026-11-21', sub: SUB, groups: ['eng'], cents: 2 })
  await haveUsed(database, { day: DAY, sub: 'other', groups: ['eng'], cents: 7 })
  await database.pool.query(
    `insert into spend_entries
       select gen_random_uuid(), now(), $1, $2, 'm', 'u', '', 1, 1, 0, 0, 0, 0, 9, 9, false, false`,
    [SUB, DAY],
  )
  await database.pool.query(
    `insert into spend_holds values (gen_random_uuid(), $1, '{2026-11}', '{eng}', 4, now() + interval '90 s')`,
    [SUB],
  )
  await database.pool.query(
    `insert into spend_alerts (id, entry_id, scope, period, share, cap_cents, nano_usd)
       select gen_random_uuid(), gen_random_uuid(), 'user:' || who, $2, 0.5, 1, 1 from unnest($1::text[]) as who`,
    [[SUB, 'other'], MONTH],
  )
  const headers = { 'idempotency-key': 'their cap' }
  const scope = { type: 'user', user_id: SUB }
  await rig.set({ scope, amount: '50', reason: 'for Ada' }, { headers })
  await rig.set({ scope, amount: '60' })
  const own = { key: null, headers: { ...(await boss()), 'idempotency-key': 'by them' } }
  await rig.set({ scope: { type: 'organization' }, amount: '90' }, own)
  await rig.set(
    { scope: { type: 'user', user_id: 'other' }, amount: '1' },
    { headers: { 'idempotency-key': 'other' } },
  )
})

const NAME = /^erased:[0-9a-f]{16}$/

async function lastRow(): Promise<Record<string, unknown>> {
  const { data } = await rig.done('GET', `${LIMITS}/audit?limit=1`)
  return (data as Record<string, unknown>[])[0] ?? {}
}

test('by default who they were and their own caps are gone, and their spend stays under the subject', async () => {
  const answer = await rig.call('DELETE', PERSON)

  const rows = '{"principal_emails":1,"principal_groups":2,"spend_limits":1,"admin_idempotency":1}'
  assertAdminAnswer(answer, `{"type":"principal_erased","mode":"identity","rows":${rows}}`)
  assert.deepEqual(await tablesWith('ada@example.com'), [])
  const { data } = await rig.done('GET', `${LIMITS}/effective?period[]=monthly&limit=1`)
  const [row] = data as { actor: object; amount: string; period_to_date_spend: string }[]
  const actor = { type: 'user_actor', user_id: SUB, name: null, email_address: null, deleted: false }
  assert.deepEqual([row?.actor, row?.amount, row?.period_to_date_spend], [actor, '90', '5'])
  const { id, created_at, target_id, ...audited } = await lastRow()
  assert.match(String(target_id), NAME)
  assert.deepEqual(audited, {
    ...{ type: 'audit_event', actor: 'admin-key:terraform', action: 'principal.erase' },
    ...{ before: null, after: null, reason: null },
  })
  const event = {
    evt: 'admin.principal.erase',
    actor: 'admin-key:terraform',
    target: target_id,
    mode: 'identity',
  }
  assert.deepEqual(rig.events().at(-1), event)
})

test('in full no table holds the subject any more, and every sum is what it was', async () => {
  const { pool } = rig.whole.database
  const sums = async () => {
    const { rows } = await pool.query(
      `select (select sum(nano_usd) from spend) as spend, (select sum(nano_usd) from usage_daily) as usage,
              (select sum(nano_usd) from spend_entries) as entries, (select sum(nano_usd) from spend_holds) as holds`,
    )
    return rows[0]
  }
  const untouched = await sums()

  const answer = await rig.call('DELETE', `${PERSON}?mode=full`)

  assertAdminAnswer(
    answer,
    '{"type":"principal_erased","mode":"full","rows":{"principal_emails":1,"principal_groups":2,"spend_limits":2,' +
      '"admin_idempotency":2,"spend_holds":1,"spend":2,"usage_daily":2,"spend_entries":1,"spend_alerts":1,"admin_audit":3}}',
  )
  assert.deepEqual(await tablesWith(SUB), [])
  assert.deepEqual(await tablesWith('Ada'), [])
  assert.deepEqual(await sums(), untouched)
  const { data } = await rig.done('GET', `${LIMITS}/audit`)
  const trail = data as {
    actor: string
    target_id: string
    before: unknown
    after: { scope?: object }
    reason: null
  }[]
  const [erasure, , byThem, second, first] = trail
  const name = erasure?.target_id ?? ''
  assert.match(name, NAME)
  assert.equal(byThem?.actor, `oidc:${name}`)
  assert.deepEqual(
    [second, first].map(row => row?.after.scope),
    [1, 2].map(() => ({ type: 'user', user_id: name })),
  )
  assert.deepEqual(
    [second, first].map(row => row?.reason),
    [null, null],
  )
  const report = await rig.done('GET', `${LIMITS}/effective?q=erased:&period[]=monthly`)
  const [person] = report['data'] as { actor: object; period_to_date_spend: string }[]
  const actor = { type: 'user_actor', user_id: name, name: null, email_address: null, deleted: true }
  assert.deepEqual([person?.actor, person?.period_to_date_spend], [actor, '5'])
})

test('others keep everything', async () => {
  const before = await tablesWith('other')

  await rig.done('DELETE', `${PERSON}?mode=full`)

  assert.deepEqual(await tablesWith('other'), before)
  assert.deepEqual(
    (await rig.rows('principal_emails')).map(row => row['email']),
    ['bo@example.com'],
  )
})

test('whoever erases themselves is gone from the act as well', async () => {
  const headers = { ...(await boss()), 'idempotency-key': 'myself' }

  await rig.done('DELETE', `${PERSON}?mode=full`, { key: null, headers })

  const { actor, target_id } = await lastRow()
  assert.equal(actor, `oidc:${target_id}`)
  assert.deepEqual(await tablesWith(SUB), [])
  assert.deepEqual(
    rig.whole.gateway.events.filter(event => event.evt === 'admin.principal.erase').map(event => event.actor),
    [actor],
  )
})

test('where nothing was there it is answered all the same, and a repeat under a key is replayed', async () => {
  const headers = { 'idempotency-key': 'nobody' }
  const target = '/v1/organizations/principals/nobody?mode=identity'

  const [first, repeat] = [
    await rig.call('DELETE', target, { headers }),
    await rig.call('DELETE', target, { headers }),
  ]

  const rows = '{"principal_emails":0,"principal_groups":0,"spend_limits":0,"admin_idempotency":0}'
  const body = `{"type":"principal_erased","mode":"identity","rows":${rows}}`
  assertAdminAnswer(first, body)
  assertAdminAnswer(repeat, body, { 'idempotency-replayed': 'true' })
})

test('a person who is named wrongly, and a mode that is none, are refused', async () => {
  const name = 'user_id: must be text of 1 to 256 characters, without control characters'
  const mode = 'mode: must be one of identity, full'
  const rows = [
    [`${'a'.repeat(257)}`, name],
    ['a%00b', name],
    ['a%0Ab?mode=full', name],
    ['s1?mode=all', mode],
    ['s1?mode=', mode],
    ['s1?mode=full&mode=full', 'mode: must not be repeated'],
  ] as const
  for (const [target, message] of rows) {
    const answer = await rig.call('DELETE', `/v1/organizations/principals/${target}`)

    assertAdminRefusal(answer, 400, 'invalid_request_error', message)
  }
})

test('the statement of the manual works: email, name and groups are gone, and nothing else', async () => {
  await rig.whole.database.pool.query(`DELETE FROM principal_emails WHERE principal = '${SUB}'`)

  const { data } = await rig.done(
    'GET',
    `${LIMITS}/effective?user_ids[]=${encodeURIComponent(SUB)}&period[]=monthly`,
  )
  const [row] = data as { actor: object; groups: unknown; amount: string }[]
  const actor = { type: 'user_actor', user_id: SUB, name: null, email_address: null, deleted: false }
  assert.deepEqual([row?.actor, row?.groups, row?.amount], [actor, [], '60'])
})

test('names and addresses of people have one table', async () => {
  const { rows } = await rig.whole.database.pool.query(
    `select table_name from information_schema.columns
      where table_schema = 'public' and column_name ~ '(^|_)(e?mail|address|name|person|display)(_|$)'`,
  )

  assert.deepEqual([...new Set(rows.map(row => row.table_name))].toSorted(), [
    'principal_emails',
    'schema_migrations',
  ])
})
