// `gatehouse migrate` as an operator or a Cloud Run job runs it.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readMigrateArguments } from '../../app/config/migrate-arguments.ts'
import { fileWith } from '../support/config-text.ts'
import { administer, emptyDatabase } from '../support/postgres.ts'

const main = join(import.meta.dirname, '../../app/main.ts')

function gatehouse(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = {
    ...{ PATH: process.env['PATH'], CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' },
    ...{
      JWT: `${'b'.repeat(16)}abcdefghijklmnop`,
      API_KEY: 'sk-test-0123456789',
      CLIENT_SECRET: 'client-secret',
    },
  }
  return new Promise(resolve =>
    execFile(process.execPath, [main, ...words], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    ),
  )
}

function fileIn(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-migrate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'file')
  writeFileSync(path, text)
  return path
}

test('a role with only a login is let in by the bootstrap, and then migrates', async t => {
  await using database = await emptyDatabase()
  const role = `runner-${randomBytes(4).toString('hex')}`
  await administer(`create role "${role}" login password 'the runner''s'`)
  t.after(() => administer(`drop owned by "${role}" cascade`).then(() => administer(`drop role "${role}"`)))
  const name = new URL(database.url).pathname.slice(1)
  const url = new URL(database.tcpUrl)
  url.username = role
  url.password = encodeURIComponent("the runner's")
  url.searchParams.set('options', '-c search_path=gatehouse')
  const config = fileIn(t, fileWith({ store: `store: { postgres_url: "${url.href}" }` }))

  const before = await gatehouse('migrate', '--config', config)
  const first = await gatehouse('migrate', '--bootstrap', '--url', database.tcpUrl, '--role', role)
  const second = await gatehouse('migrate', '--bootstrap', '--url', database.tcpUrl, '--role', role)
  const after = await gatehouse('migrate', '--config', config)
  const again = await gatehouse('migrate', '--config', config)

  assert.equal(before.code, 1)
  assert.match(before.stderr, /may not create tables in/)
  const statements =
    'create schema if not exists "gatehouse";\n' +
    `grant usage, create on schema "gatehouse" to "${role}";\n` +
    `grant connect on database "${name}" to "${role}";\n`
  assert.deepEqual(
    [first, second].map(({ code, stdout }) => ({ code, stdout })),
    [
      { code: 0, stdout: statements },
      { code: 0, stdout: statements },
    ],
  )
  assert.equal(after.code, 0)
  assert.match(after.stdout, /^0001-sign-in\.sql\n[\s\S]*applied\n$/)
  assert.deepEqual({ code: again.code, stdout: again.stdout }, { code: 0, stdout: 'nothing to do\n' })
})

test('the bootstrap takes its password from a file, and prints it nowhere', async t => {
  await using database = await emptyDatabase()
  const secret = randomBytes(12).toString('hex')
  const bootstrapper = `bootstrap-${randomBytes(4).toString('hex')}`
  await administer(`create role "${bootstrapper}" superuser login password '${secret}'`)
  t.after(() =>
    administer(`drop owned by "${bootstrapper}" cascade`).then(() =>
      administer(`drop role "${bootstrapper}"`),
    ),
  )
  const words = [
    'migrate',
    '--bootstrap',
    '--url',
    database.tcpUrl,
    '--role',
    bootstrapper,
    '--user',
    bootstrapper,
  ]

  const right = await gatehouse(...words, '--password-file', fileIn(t, `${secret}\n`))
  const wrong = await gatehouse(...words, '--password-file', fileIn(t, `not-${secret}`))

  assert.deepEqual([right.code, wrong.code], [0, 1])
  assert.match(wrong.stderr, /refuses the password of role/)
  assert.doesNotMatch(right.stdout + right.stderr + wrong.stdout + wrong.stderr, new RegExp(secret))
})

test('a call that leaves something out, or says it twice, is told what is wrong', () => {
  const told = (...words: string[]) => readMigrateArguments(words)

  assert.equal(told(), 'migrate needs --config FILE, or --bootstrap')
  assert.equal(told('--config'), '--config needs a file')
  assert.equal(told('--config', 'a', '--role', 'r'), '--role belongs to migrate --bootstrap')
  assert.equal(
    told('--bootstrap', '--config', 'a').toString().split(':')[0],
    'migrate --bootstrap reads no file',
  )
  assert.equal(
    told('--bootstrap', '--url', 'u'),
    'migrate --bootstrap needs --role ROLE, which the gateway logs in as',
  )
  assert.equal(told('--bootstrap', '--role', 'r', '--role', 'r'), '--role is given twice')
  assert.equal(
    told('--bootstrap', '--role', 'r', '--instance', 'p:r:i'),
    '--instance needs --user and --password-file',
  )
  assert.equal(told('--drop'), 'migrate does not know --drop')
  assert.deepEqual(
    told(
      '--bootstrap',
      '--instance=p:r:i',
      '--user',
      'bootstrap',
      '--password-file',
      '/s/v',
      '--role',
      'run@p.iam',
    ),
    {
      kind: 'bootstrap',
      where: { instance: 'p:r:i', ipType: 'PSC', database: 'gatehouse' },
      ...{ user: 'bootstrap', passwordFile: '/s/v', role: 'run@p.iam' },
    },
  )
})
