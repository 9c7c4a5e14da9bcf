// `--check` as an operator runs it: a process that may open no socket and look up no name (C-1, C-3).
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileWith } from '../support/config-text.ts'
import { run } from '../support/denied-process.ts'

function fileIn(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-check-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'gateway.yaml')
  writeFileSync(path, text)
  return path
}

test('--check judges a file without opening a socket', async t => {
  const upstreams =
    'upstreams: [{ provider: anthropic, models: [claude-opus-4-8], auth: { api_key: "${API_KEY}" } }]'
  const path = fileIn(t, fileWith({ upstreams }))

  assert.deepEqual(await run(['--config', path, '--check']), {
    code: 0,
    stdout: `${path}: valid\n`,
    stderr: '',
  })
})

test('--check ends with 1 on a file that would not boot, and prints the report to stderr', async t => {
  const path = fileIn(t, fileWith({ session: 'session: { jwt_secret: "${SHORT}" }' }))

  assert.deepEqual(await run(['--config', path, '--check']), {
    code: 1,
    stdout: '',
    stderr:
      `gatehouse: 1 problem in ${path}\n` +
      '  line 3, column 24  session.jwt_secret (from ${SHORT}): 12 characters, needs at least 32.\n' +
      '      Fix: generate one with `openssl rand -base64 32`.\n',
  })
})

test('--check --allow-unset needs no secrets', async t => {
  const path = fileIn(t, fileWith())

  const { code, stdout } = await run(['--config', path, '--check', '--allow-unset'], {})

  assert.deepEqual([code, stdout], [0, `${path}: valid\n`])
})

test('--check lists what Secret Manager would be asked for, and asks for nothing', async t => {
  const name = 'projects/p/secrets/jwt/versions/3'
  const path = fileIn(t, fileWith({ session: `session: { jwt_secret: "\${secret:${name}}" }` }))

  assert.deepEqual(await run(['--config', path, '--check']), {
    code: 0,
    stdout: `${path}: valid\n`,
    stderr: `not resolved: \${secret:${name}}\n`,
  })
})

test('a start with a file that is refused ends with 1 before any socket', async t => {
  const path = fileIn(t, fileWith({ admin: 'admin: []' }))

  const { code, stdout, stderr } = await run(['--config', path])

  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /"evt":"config\.load".*"result":"fail","problems":1/)
  assert.match(stderr, /line 6, column 8 {2}admin: /)
})

test('a wrong call prints the usage to stderr and ends with 1', async () => {
  const { code, stdout, stderr } = await run(['--chek'])

  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^gatehouse: unknown option --chek\nusage: /)
})
