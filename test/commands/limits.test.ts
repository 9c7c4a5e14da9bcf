// `limits` against a whole gateway: what a person reads, what a program gets, and what the gateway then has.
import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { type AdminRig, LIMITS, openAdmin, READ_KEY, WRITE_KEY } from '../support/admin-rig.ts'
import { type CommandOptions, runAtGateway } from '../support/gateway-command.ts'
import { startHttp } from '../support/http-server.ts'

let rig: AdminRig
before(async () => {
  rig = await openAdmin()
})
after(() => rig[Symbol.asyncDispose]())

async function limits(words: string, options: Partial<CommandOptions> = {}) {
  const given = { origin: rig.whole.gateway.url, key: WRITE_KEY, ...options }
  const outcome = await runAtGateway(['limits', ...words.split(' ')], given)
  assert.ok(!JSON.stringify(outcome).includes('marked-'), 'a key was shown')
  return { ...outcome, stdout: outcome.stdout.replaceAll(/spl_[0-9a-f]{32}/g, 'ID') }
}

async function done(words: string, options: Partial<CommandOptions> = {}): Promise<string> {
  const { code, stdout, stderr } = await limits(words, options)
  assert.deepEqual([code, stderr], [0, ''])
  return stdout
}

test('a limit is set in dollars, listed, replaced and deleted', async () => {
  const empty = await done('list')
  const made = await done('set --organization --amount 12.10')
  await done('set --group eng --amount unlimited --pool 5000')
  await done('set --user s1 --amount 0.29 --period daily')
  await done('set --group eng --amount 100')
  const shown = await done('list', { key: READ_KEY })
  const groups = await done('list --scope group')
  const poolless = await done('set --group eng --amount 100 --pool none')
  const gone = await done('delete --user s1 --period daily')
  const asJson = JSON.parse(await done('list --json'))

  assert.equal(empty, 'no limits\n')
  assert.equal(made, 'FOR           PERIOD   AMOUNT  POOL  ID\norganization  monthly  $12.10        ID\n')
  assert.equal(
    shown,
    'FOR           PERIOD   AMOUNT   POOL      ID\n' +
      'organization  monthly  $12.10             ID\n' +
      'group eng     monthly  $100.00  $5000.00  ID\n' +
      'user s1       daily    $0.29              ID\n',
  )
  assert.match(groups, /^FOR .*\ngroup eng .*\n$/)
  assert.match(poolless, /^group eng {2}monthly {2}\$100\.00 {8}ID$/m)
  assert.equal(gone, 'deleted the daily limit of user s1, $0.29 (ID)\n')
  assert.deepEqual(
    asJson.data.map(({ scope, amount }: { scope: { type: string }; amount: string }) => [scope.type, amount]),
    [
      ['organization', '1210'],
      ['rbac_group', '10000'],
    ],
  )
})

test('a limit that goes is told with its pool, also one that was set for an address', async () => {
  await done('set --group gone --amount unlimited --pool 9')
  const scope = { type: 'user', user_id: 'eve@example.com' }
  await rig.set({ scope, amount: '700' })
  const { id } = await rig.set({ scope, amount: '70', period: 'daily' })

  const group = await done('delete --group gone')
  const byUser = await done('delete --user eve@example.com')
  const byId = await done(`delete --id ${id}`)

  assert.equal(group, 'deleted the monthly limit of group gone, unlimited, pool $9.00 (ID)\n')
  assert.equal(byUser, 'deleted the monthly limit of user eve@example.com, $7.00 (ID)\n')
  assert.equal(byId, 'deleted the daily limit of user eve@example.com, $0.70 (ID)\n')
})

test('what is not there cannot be deleted, by whom it is for or by its id', async () => {
  const absent = await limits('delete --group nobody')
  const unknown = await limits(`delete --id spl_${'0'.repeat(32)}`)

  assert.deepEqual(
    [absent.code, absent.stderr],
    [
      1,
      'gatehouse: there is no monthly limit of group nobody.\n  Fix: `limits list` shows those there are.\n',
    ],
  )
  assert.equal(unknown.code, 1)
  assert.match(
    unknown.stderr,
    /^gatehouse: there is no such thing at this gateway: there is no spend limit with this id \(request req_[0-9a-f]{32}\)\n {2}Fix: /,
  )
})

test('a key that may only read is told which it takes, and one that is none as well', async () => {
  const read = await limits('set --organization --amount 1', { key: READ_KEY })
  const none = await limits('list', { key: 'x'.repeat(40) })

  assert.deepEqual([read.code, none.code], [1, 1])
  assert.match(read.stderr, /^gatehouse: this key may not do that, .*: this key may only read: /)
  assert.match(none.stderr, /^gatehouse: the gateway does not know this admin key: the x-api-key is not one /)
})

test('an address where a subject is needed is refused, with the subject that it is of', async () => {
  const { pool } = rig.whole.database
  for (const [sub, email] of [
    ['0oa1', 'Ann@example.com'],
    ['0oa2', 'ann@example.com'],
    ['0oa3', 'bob@example.com'],
    ['cid@example.com', 'cid@example.com'],
  ]) {
    await pool.query(`insert into principal_emails (principal, email, groups) values ($1, $2, '[]')`, [
      sub,
      email,
    ])
    await pool.query(
      `insert into spend (principal, period, period_start) values ($1, '2026-11', '2026-11-01')`,
      [sub],
    )
  }

  const one = await limits('set --user bob@example.com --amount 5')
  const two = await limits('set --user ann@example.com --amount 5')
  const nobody = await limits('delete --user dan@example.com')
  const known = await limits('set --user cid@example.com --amount 5')
  const exact = await limits('set --user dan@example.com --amount 5 --exact')

  assert.deepEqual([one.code, two.code, nobody.code, known.code, exact.code], [1, 1, 1, 0, 0])
  assert.equal(
    one.stderr,
    'gatehouse: bob@example.com is an address, and only subjects are matched: it is that of 0oa3.\n  Fix: write 0oa3.\n',
  )
  assert.match(two.stderr, /: it is that of 0oa1, 0oa2\.\n {2}Fix: write one of them\.\n$/)
  assert.match(
    nobody.stderr,
    /^gatehouse: dan@example\.com looks like an address, .* nobody with spend has it\.\n/,
  )
  assert.match(exact.stderr, /^warning: /)
})

test('who is capped at what, and has spent what, is a table', async () => {
  const { pool } = rig.whole.database
  const { data } = (await rig.done('GET', `${LIMITS}?limit=1000`)) as { data: { id: string }[] }
  for (const { id } of data) await rig.done('DELETE', `${LIMITS}/${id}`)
  await pool.query('truncate spend, principal_emails')
  const month = new Date().toISOString().slice(0, 7)
  await pool.query(
    `insert into principal_emails (principal, email, name, groups) values ('s1', 'a@example.com', E'A\\u001b[31m', '["eng"]')`,
  )
  await pool.query(
    `insert into spend (principal, period, period_start, nano_usd) values ('s1', $1, '2026-11-01', 290480000), ('s2', $1, '2026-11-01', 1)`,
    [month],
  )
  await done('set --group eng --amount 5000 --pool 1')
  await done('set --user s2 --amount unlimited --period weekly')

  const table = await done('effective')
  const one = await done('effective --user s2 --period weekly --json')
  const found = await done('effective --search EXAMPLE.com --period monthly')
  const pools = await done('pools')

  assert.equal(
    table,
    'SUBJECT  ADDRESS        PERIOD   SPENT     CAP        FROM\n' +
      's1       a@example.com  daily    $0.00     no cap\n' +
      's1       a@example.com  weekly   $0.00     no cap\n' +
      's1       a@example.com  monthly  $0.29048  $5000.00   group eng\n' +
      's2                      daily    $0.00     no cap\n' +
      's2                      weekly   $0.00     unlimited  own\n' +
      's2                      monthly  $0.00     no cap\n',
  )
  assert.equal(JSON.parse(one).data[0].source.user_id, 's2')
  assert.match(found, /^SUBJECT .*\ns1 .*group eng\n$/)
  assert.equal(pools, 'GROUP  SPENT THIS MONTH  POOL\neng    $0.00             $1.00\n')
})

test('the audit says who changed what, newest first, with the reason', async () => {
  await rig.whole.database.pool.query('truncate admin_audit')
  const args = [
    'limits',
    'set',
    '--group',
    'ops',
    '--amount',
    '7',
    '--pool',
    '9',
    '--reason',
    'a new quarter',
  ]
  await runAtGateway(args, { origin: rig.whole.gateway.url, key: WRITE_KEY })
  await done('set --group ops --amount unlimited')
  await done('delete --group ops')

  const table = (await done('audit')).replaceAll(/\S+Z /g, 'TIME ')
  const newest = JSON.parse(await done('audit --limit 1 --json')).data

  const lines = table.trimEnd().split('\n').slice(1)
  assert.deepEqual(
    lines.map(line => line.trim().split(/ {2,}/)),
    [
      [
        ...['TIME', 'admin-key:terraform', 'spend_limit.delete', 'monthly group ops'],
        'unlimited, pool $9.00 → none',
      ],
      [
        ...['TIME', 'admin-key:terraform', 'spend_limit.upsert', 'monthly group ops'],
        '$7.00, pool $9.00 → unlimited, pool $9.00',
      ],
      [
        ...['TIME', 'admin-key:terraform', 'spend_limit.upsert', 'monthly group ops'],
        ...['none → $7.00, pool $9.00', 'a new quarter'],
      ],
    ],
  )
  assert.deepEqual([newest.length, newest[0].action], [1, 'spend_limit.delete'])
})

test('an answer that is lost on the way changes nothing twice', async () => {
  await rig.whole.database.pool.query('truncate admin_audit')
  let answers = 0
  await using way = await startHttp(async (request, response) => {
    const { host, connection, 'content-length': length, ...headers } = request.headers
    const sent = {
      method: request.method ?? '',
      headers: headers as Record<string, string>,
      body: await text(request),
    }
    const answer = await fetch(`${rig.whole.gateway.url}${request.url}`, sent)
    const body = await answer.text()
    answers += 1
    if (answers === 1) request.socket.destroy()
    else response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body)
  })

  const table = await done('set --group lost --amount 3', { origin: way.origin })

  assert.match(table, /^group lost {2}monthly {2}\$3\.00 {9}ID$/m)
  assert.deepEqual([answers, (await rig.rows('admin_audit')).length], [2, 1])
})
