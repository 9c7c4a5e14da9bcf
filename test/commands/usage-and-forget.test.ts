// `usage` and `forget` against a whole gateway, in the process that an operator starts.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { rememberPrincipal } from '../../app/store/principals.ts'
import { type AdminRig, openAdmin, READ_KEY, WRITE_KEY } from '../support/admin-rig.ts'
import { runAtGateway } from '../support/gateway-command.ts'
import { addGroups, addUsage } from '../support/usage-rows.ts'

let rig: AdminRig
before(async () => {
  rig = await openAdmin()
  const { pool } = rig.whole.database
  const people = Array.from({ length: 1001 }, (_, index) => `s${String(index).padStart(4, '0')}`)
  await addUsage(
    pool,
    people.map(principal => ({ day: '2026-11-02', principal, nano_usd: 10_000_001n })),
  )
  await addGroups(pool, [['2026-11-02', 's0000', ['eng', 'ops']]])
  await rememberPrincipal(pool, { sub: 's0000', email: 'ann@example.com', name: 'Ann' })
})
after(() => rig[Symbol.asyncDispose]())

const main = join(import.meta.dirname, '../../app/main.ts')

function gatehouse(words: string, variables: Record<string, string>) {
  const env = { PATH: process.env['PATH'], CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1', ...variables }
  return new Promise<{ code: unknown; stdout: string; stderr: string }>(resolve =>
    execFile(process.execPath, [main, ...words.split(' ')], { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    ),
  )
}

const NOVEMBER = '--from 2026-11-01 --to 2026-11-30'

test('a report of several pages is one table on standard output', async () => {
  const variables = { GATEHOUSE_URL: rig.whole.gateway.url, GATEHOUSE_ADMIN_KEY: READ_KEY }

  const { code, stdout, stderr } = await gatehouse(`usage ${NOVEMBER} --group-by user`, variables)

  const lines = stdout.split('\r\n')
  assert.deepEqual([code, stderr, lines.length], [0, '', 1003])
  assert.match(lines[0] ?? '', /^user_id,name,email_address,requests,/)
  assert.match(lines[1] ?? '', /^s0000,Ann,ann@example\.com,1,.*,USD,1,10000001,2,20000002$/)
  assert.match(lines[1001] ?? '', /^s1000,,,1,/)
})

test('without a key, or with one that is none, nothing is asked and nothing printed', async () => {
  const variables = { GATEHOUSE_URL: rig.whole.gateway.url }

  const none = await gatehouse(`usage ${NOVEMBER} --group-by user`, variables)
  const wrong = await gatehouse('limits list', { ...variables, GATEHOUSE_ADMIN_KEY: 'marked-but wrong' })

  assert.deepEqual([none.code, none.stdout, wrong.code, wrong.stdout], [1, '', 1, ''])
  assert.match(none.stderr, /^gatehouse: which key\? Set GATEHOUSE_ADMIN_KEY to a key of /)
  assert.match(wrong.stderr, /^gatehouse: GATEHOUSE_ADMIN_KEY holds no key: /)
  assert.doesNotMatch(wrong.stderr, /marked-/)
})

test('whoever reads the report may leave before its end', async () => {
  const env = {
    ...{ PATH: process.env['PATH'], CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' },
    ...{ GATEHOUSE_URL: rig.whole.gateway.url, GATEHOUSE_ADMIN_KEY: READ_KEY },
  }
  const child = spawn(process.execPath, [main, ...`usage ${NOVEMBER} --group-by user`.split(' ')], { env })
  child.stdout.destroy()

  const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])

  assert.deepEqual([code, complaint], [0, ''])
})

test('as JSON the report is one document; by user, model, upstream and day the same is summed', async () => {
  const sums: bigint[] = []
  for (const groupBy of ['user', 'model', 'upstream', 'day']) {
    const words = `usage ${NOVEMBER} --format json --group-by ${groupBy}`.split(' ')
    const { code, stdout } = await runAtGateway(words, { origin: rig.whole.gateway.url, key: READ_KEY })
    const { from, to, group_by, data } = JSON.parse(stdout)
    assert.deepEqual([code, from, to, group_by], [0, '2026-11-01', '2026-11-30', groupBy])
    const amounts: string[] = data.map((row: { spend_nano_usd: string }) => row.spend_nano_usd)
    sums.push(amounts.reduce((sum, amount) => sum + BigInt(amount), 0n))
  }

  assert.deepEqual(sums, Array(4).fill(1001n * 10_000_001n))
})

test('by group it is said that people may count more than once', async () => {
  const words = `usage ${NOVEMBER} --group-by group`.split(' ')

  const { stdout, stderr } = await runAtGateway(words, { origin: rig.whole.gateway.url, key: READ_KEY })

  assert.deepEqual(
    stdout.split('\r\n').map(line => line.split(',', 2).join()),
    ['rbac_group_id,requests', ',1000', 'eng,1', 'ops,1', ''],
  )
  assert.match(stderr, /^note: who is in several groups counts in each of them; /)
})

test('forgetting prints what went, and that there was nothing the second time', async () => {
  const given = { origin: rig.whole.gateway.url, key: WRITE_KEY }
  const words = ['forget', '--sub', 's0000', '--mode', 'full']

  const byAddress = await runAtGateway(['forget', '--sub', 'nobody@example.com'], given)
  const first = await runAtGateway(words, given)
  const second = await runAtGateway([...words, '--json'], given)
  const third = await runAtGateway(['forget', '--sub', 's0000'], given)

  assert.equal(byAddress.code, 1)
  assert.deepEqual([first.code, first.stderr], [0, ''])
  assert.match(first.stdout, /^forgot s0000 \(full\)\nTABLE +ROWS\n/)
  for (const row of [/^principal_emails +1$/m, /^principal_groups +1$/m, /^usage_daily +1$/m])
    assert.match(first.stdout, row)
  const { mode, rows } = JSON.parse(second.stdout)
  assert.deepEqual([mode, Object.values(rows).every(count => count === 0)], ['full', true])
  assert.equal(third.stdout, 'nothing was stored about s0000\n')
})
