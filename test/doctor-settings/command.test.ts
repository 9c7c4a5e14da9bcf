// `npm run doctor:settings -- <env>` as an operator types it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')

/** The command on a machine whose credentials file is missing; answers before anything is sent. */
function run(...words: string[]) {
  return runWith({}, ...words)
}

function runWith(variables: Readonly<Record<string, string>>, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['infra/doctor-settings/main.ts', ...words],
    {
      ...{ cwd: root, encoding: 'utf8', timeout: 60_000 },
      env: { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/key.json', ...variables },
    },
  )
  return { status, stdout, stderr }
}

test('without an environment it says how it is used', () => {
  const usage = 'usage: npm run doctor:settings -- <env> [--json]\n'

  assert.deepEqual(run(), { status: 2, stdout: '', stderr: usage })
  assert.deepEqual(run('prod', 'dev'), { status: 2, stdout: '', stderr: usage })
  assert.deepEqual(run('--all'), { status: 2, stdout: '', stderr: usage })
})

test('a settings file that cannot be used is reported as the synth reports it', () => {
  const { status, stdout, stderr } = run('staging')

  assert.deepEqual([status, stdout], [2, ''])
  assert.match(stderr, /staging/)
})

test('the report is for a person, or with --json for a program', () => {
  const report = run('prod')
  const json = run('prod', '--json')

  assert.deepEqual([report.status, report.stderr], [1, ''])
  assert.match(report.stdout, /^fail {2}credentials +the Google credentials file cannot be used: /)
  assert.match(
    report.stdout,
    /\n +fix: gcloud auth application-default login\n0 ok, 0 warnings, 1 failed, 0 skipped\n$/,
  )
  assert.deepEqual([json.status, json.stderr], [1, ''])
  const { result, findings } = JSON.parse(json.stdout)
  assert.deepEqual([result, findings.length, findings[0].id], ['fail', 1, 'credentials'])
})

test('a forward proxy that cannot be used is said before anything is asked', () => {
  const { status, stdout, stderr } = runWith({ HTTPS_PROXY: 'socks5://127.0.0.1:1080' }, 'prod')

  assert.deepEqual([status, stdout], [2, ''])
  assert.match(stderr, /HTTPS_PROXY/)
})
