// A real person: `explain --sub` asks the store who they were at their last sign-in.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { periodsAt } from '../../app/lib/periods.ts'
import { rememberPrincipal } from '../../app/store/principals.ts'
import { fileWith, SECRETS } from '../support/config-text.ts'
import { createDatabase } from '../support/postgres.ts'
import { setCaps } from '../support/spend-gateway.ts'

const MANAGED = `managed:
  policies:
    - match: { groups: [pilot] }
      code: { availableModels: [opus, haiku] }
    - match: {}
      code: { availableModels: [haiku], model: haiku }`

const ADMIN = 'admin: { admin_groups: [finance] }'

function explainSub(path: string, databaseUrl: string, argv: readonly string[]) {
  const program = join(import.meta.dirname, '../../app/main.ts')
  const env = { PATH: process.env['PATH'] ?? '', ...SECRETS, DATABASE_URL: databaseUrl }
  const call = [program, 'explain', '--config', path, ...argv]
  return new Promise<{ code: number; stdout: string; stderr: string }>(resolve => {
    execFile(process.execPath, call, { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

test('a subject is explained with the groups of their last sign-in, and a stranger is named', async t => {
  await using database = await createDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-explain-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'gateway.yaml')
  writeFileSync(path, fileWith({ managed: MANAGED }))
  await rememberPrincipal(database.pool, { sub: 'sub-1', email: 'ada@example.com', groups: ['pilot'] })

  const known = await explainSub(path, database.url, ['--sub', 'sub-1', '--model', 'claude-opus-4-8'])
  const changed = await explainSub(path, database.url, ['--sub', 'sub-1', '--groups', 'staff', '--json'])
  const stranger = await explainSub(path, database.url, ['--sub', 'sub-2'])

  assert.match(
    known.stdout,
    /^ada@example\.com\ngroups: pilot\n\nclaude-opus-4-8: anthropic as claude-opus-4-8\n/,
  )
  assert.equal(JSON.parse(changed.stdout).policy, 1)
  assert.deepEqual([stranger.code, stranger.stdout], [1, ''])
  assert.match(stranger.stderr, /nobody with the subject sub-2 was seen/)
})

test('a subject is told their caps, whose they are, what is spent, and the budgets that their groups share', async t => {
  await using database = await createDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-explain-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'gateway.yaml')
  writeFileSync(path, fileWith({ admin: ADMIN }))
  await rememberPrincipal(database.pool, { sub: 'ada', email: 'ada@example.com', groups: ['eng'] })
  await setCaps(database, [
    { scope: 'organization', period: 'daily', amount: 2000 },
    { scope: 'rbac_group', id: 'eng', period: 'monthly', amount: 50_000, pool: 900_000 },
    { scope: 'user', period: 'weekly', amount: null },
  ])
  const { daily, monthly } = periodsAt(Date.now())
  await database.pool.query(
    `insert into spend (principal, period, period_start, nano_usd)
     values ('ada', $1, now(), 20000000000), ('ada', $2, now(), 271401234567)`,
    [daily.key, monthly.key],
  )

  const text = await explainSub(path, database.url, ['--sub', 'ada'])
  const json = await explainSub(path, database.url, ['--sub', 'ada', '--groups', 'none', '--json'])
  const unasked = await explainSub(path, database.url, ['--email', 'ada@example.com'])

  const until = (span: { endsAt: number }) => new Date(span.endsAt).toISOString()
  assert.equal(
    text.stdout.slice(text.stdout.indexOf('\nspend')),
    `
spend     used up: requests are refused
  daily      $20.00 of $20.00, by organization, until ${until(daily)}
  weekly     $0.00, unlimited, by user
  monthly    $271.40123 of $500.00, by rbac_group:eng, until ${until(monthly)}
  group eng  $0.00 of $9000.00 that its members share this month
`,
  )
  const { spend } = JSON.parse(json.stdout)
  assert.deepEqual(
    [spend.kind, spend.isBlocked, spend.pools, spend.periods[2]],
    [
      ...['read', true, []],
      { period: 'monthly', source: null, amount: null, spent: '27140.123', resetsAt: until(monthly) },
    ],
  )
  assert.match(unasked.stdout, /\nspend {5}caps are in the database: ask with --sub SUBJECT\n$/)
})
