// `--check` as an operator runs it: a process that may open no socket and look up no name (C-1, C-3).
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileWith, SECRETS } from '../support/config-text.ts'

/** Loaded before the program: whatever would leave the process ends it. */
const DENY = `data:text/javascript,${encodeURIComponent(`
  import dgram from 'node:dgram'
  import dns from 'node:dns'
  import net from 'node:net'
  import { syncBuiltinESMExports } from 'node:module'
  const denied = () => process.exit(99)
  net.Socket.prototype.connect = denied
  net.Server.prototype.listen = denied
  dgram.Socket.prototype.bind = denied
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) dns[name] = dns.promises[name] = denied
  syncBuiltinESMExports()
`)}`

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** Runs the program with the network denied. */
function run(argv: readonly string[], variables: Record<string, string> = SECRETS): Promise<Outcome> {
  const program = join(import.meta.dirname, '../../app/main.ts')
  const env = { PATH: process.env['PATH'] ?? '', ...variables }
  return new Promise(resolve => {
    execFile(process.execPath, [`--import=${DENY}`, program, ...argv], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

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

test('a start with a file that is refused ends with 1 before any socket', async t => {
  const path = fileIn(t, fileWith({ admin: 'admin: {}' }))

  const { code, stdout, stderr } = await run(['--config', path])

  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /"evt":"config\.load".*"result":"fail","problems":1/)
  assert.match(stderr, /line 6, column 1 {2}admin: not supported yet: spend limits and the Admin API\./)
})

test('a wrong call prints the usage to stderr and ends with 1', async () => {
  const { code, stdout, stderr } = await run(['--chek'])

  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^gatehouse: unknown option --chek\nusage: /)
})
