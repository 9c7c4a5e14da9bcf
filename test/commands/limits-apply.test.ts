// `limits apply` against a whole gateway: the plan that is shown is what is done, and doing it twice does it once.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type AdminRig, LIMITS, openAdmin, READ_KEY, WRITE_KEY } from '../support/admin-rig.ts'
import { type CommandOptions, runAtGateway } from '../support/gateway-command.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-caps-'))
const path = join(folder, 'caps.yaml')

let rig: AdminRig
before(async () => {
  rig = await openAdmin()
  await rig.set({ scope: { type: 'organization' }, amount: '50000' })
  await rig.set({
    scope: { type: 'rbac_group', rbac_group_id: 'eng' },
    ...{ amount: '10000', pooled_budget: { amount: '500000' } },
  })
  await rig.set({ scope: { type: 'user', user_id: 's1' }, amount: null, period: 'daily' })
})
after(async () => {
  await rig[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const CAPS = `spend_limits:
  - { organization: true, amount: 500.00 }
  - { group: eng, amount: 120.5 }
  - { user: s2, period: weekly, amount: unlimited }
`

async function apply(words: string, options: Partial<CommandOptions> & { text?: string } = {}) {
  writeFileSync(path, options.text ?? CAPS)
  const given = { origin: rig.whole.gateway.url, key: WRITE_KEY, ...options }
  return runAtGateway(['limits', 'apply', path, ...words.split(' ').filter(Boolean)], given)
}

async function kept(): Promise<unknown[]> {
  const { data } = await rig.done('GET', `${LIMITS}?limit=1000`)
  return (data as { scope: object; amount: unknown; period: unknown; pooled_budget?: unknown }[]).map(
    ({ scope, amount, period, pooled_budget: pool }) => [Object.values(scope).at(-1), period, amount, pool],
  )
}

const BEFORE = [
  ['organization', 'monthly', '50000', undefined],
  ['eng', 'monthly', '10000', { amount: '500000' }],
  ['s1', 'daily', null, undefined],
]

const PLAN =
  'DO      PERIOD   FOR        AMOUNT\n' +
  'change  monthly  group eng  $100.00, pool $5000.00 → $120.50\n' +
  'create  weekly   user s2    unlimited\n' +
  '1 to create, 1 to change, 0 to delete, 1 unchanged\n' +
  '1 not in the file, which stay (--prune deletes them)\n'

test('--plan only shows what there is to do, and ends with 2; a read key suffices', async () => {
  const { code, stdout, stderr } = await apply('--plan', { key: READ_KEY })

  assert.deepEqual([code, stdout, stderr], [2, PLAN, ''])
  assert.deepEqual(await kept(), BEFORE)
})

test('nothing is changed without a yes', async () => {
  const alone = await apply('')
  const refused = await apply('', { consents: false })
  const asJson = await apply('--json', { consents: true })

  const needed = 'gatehouse: nothing was changed: --yes applies the plan where nobody can be asked\n'
  assert.deepEqual([alone.code, alone.stdout, alone.stderr, alone.questions], [1, PLAN, needed, []])
  assert.deepEqual([refused.code, refused.stderr], [1, 'gatehouse: nothing was changed\n'])
  assert.deepEqual(refused.questions, ['Apply this plan? [y/N] '])
  assert.deepEqual([asJson.code, asJson.stdout, asJson.questions], [1, '', []])
  assert.deepEqual(await kept(), BEFORE)
})

test('what was planned is done, with its reason, and the second time there is nothing to do', async () => {
  const first = await apply('--reason quarter', { consents: true })
  const second = await apply('--yes')
  const plan = await apply('--plan')

  assert.deepEqual(
    [first.code, first.stdout, first.questions.length],
    [0, `${PLAN}1 created, 1 changed, 0 deleted\n`, 1],
  )
  const rest =
    '0 to create, 0 to change, 0 to delete, 3 unchanged\n1 not in the file, which stay (--prune deletes them)\n'
  assert.deepEqual([second.code, second.stdout], [0, rest])
  assert.deepEqual([plan.code, plan.stdout], [0, rest])
  assert.deepEqual(await kept(), [
    ['organization', 'monthly', '50000', undefined],
    ['eng', 'monthly', '12050', null],
    ['s1', 'daily', null, undefined],
    ['s2', 'weekly', null, undefined],
  ])
  const reasons = (await rig.rows('admin_audit')).slice(-2).map(({ reason }) => reason)
  assert.deepEqual(reasons, ['quarter', 'quarter'])
})

test('--prune deletes what the file does not have, and programs get the plan as JSON', async () => {
  const text = 'spend_limits:\n  - { organization: true, amount: 500 }\n'

  const { code, stdout } = await apply('--prune --yes --json', { text })

  const { steps, unchanged, unlisted, applied } = JSON.parse(stdout)
  assert.deepEqual([code, unchanged, unlisted, applied], [0, 1, 0, true])
  assert.deepEqual(
    steps.map(({ kind, period, scope, from }: Record<string, unknown>) => ({ kind, period, scope, from })),
    [
      {
        ...{ kind: 'delete', period: 'monthly', scope: { type: 'rbac_group', rbac_group_id: 'eng' } },
        from: { amount: '12050', pool: null },
      },
      {
        ...{ kind: 'delete', period: 'daily', scope: { type: 'user', user_id: 's1' } },
        from: { amount: null, pool: null },
      },
      {
        ...{ kind: 'delete', period: 'weekly', scope: { type: 'user', user_id: 's2' } },
        from: { amount: null, pool: null },
      },
    ],
  )
  assert.deepEqual(await kept(), [['organization', 'monthly', '50000', undefined]])
})

test('a file with a fault changes nothing, and is reported before anything is asked', async () => {
  const wrong = { origin: 'http://127.0.0.1:1', text: 'spend_limits:\n  - { user: s1, amount: 1.234 }\n' }

  const { code, stdout, stderr } = await apply('--yes', wrong)

  assert.deepEqual([code, stdout], [1, ''])
  assert.equal(
    stderr,
    `gatehouse: 1 problem in ${path}\n` +
      '  line 2, column 25  spend_limits[0].amount: "1.234", needs US dollars with at most two decimals, such as 12.10, or unlimited.\n' +
      '      Fix: write digits and a point, without sign, currency and separators.\n',
  )
})

test('an address in the file is told with its line and the subject; --exact takes it as it is', async () => {
  const { pool } = rig.whole.database
  await pool.query(
    `insert into principal_emails (principal, email, groups) values ('0oa1', 'ann@example.com', '[]')`,
  )
  await pool.query(
    `insert into spend (principal, period, period_start) values ('0oa1', '2026-11', '2026-11-01')`,
  )
  const text = 'spend_limits:\n  - { user: ann@example.com, amount: 5 }\n'

  const refused = await apply('--yes', { text })
  const exact = await apply('--yes --exact', { text })

  assert.equal(
    refused.stderr,
    `gatehouse: 1 problem in ${path}\n` +
      '  line 2, column 13  spend_limits[0].user: ann@example.com is an address, and only subjects are matched: it is that of 0oa1.\n' +
      '      Fix: write 0oa1.\n',
  )
  assert.deepEqual([refused.code, exact.code], [1, 0])
  assert.match(exact.stderr, /^warning: .*0oa1/)
})

test('a step that fails says how many were done, and the next run goes on from there', async () => {
  const text = 'spend_limits:\n  - { group: a, amount: 1 }\n  - { group: b, amount: 99999999999999.99 }\n'
  const { pool } = rig.whole.database
  await pool.query(`alter table spend_limits add constraint small check (amount < 1000000)`)

  const broken = await apply('--yes', { text })
  await pool.query(`alter table spend_limits drop constraint small`)
  const mended = await apply('--yes', { text })

  assert.equal(broken.code, 3)
  assert.match(broken.stderr, /^gatehouse: 1 of 2 steps were done, then: the gateway answers 500/)
  assert.match(broken.stderr, /\n {2}Run the command again: what is done is not repeated\.\n$/)
  assert.match(mended.stdout, /\n1 created, 0 changed, 0 deleted\n$/)
})
