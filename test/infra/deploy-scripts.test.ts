// The npm scripts that fetch a CDKTF tool when somebody asks for it (G-66), with an npx that only says what it was told.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import manifest from '../../package.json' with { type: 'json' }

const folder = mkdtempSync(join(tmpdir(), 'deploy-'))
after(() => rmSync(folder, { recursive: true }))
const npx = join(folder, 'npx')
writeFileSync(npx, '#!/bin/sh\nprintf "%s\\n" "CHECKPOINT_DISABLE=$CHECKPOINT_DISABLE" "$@"\n')
chmodSync(npx, 0o755)

/** Runs a script as npm does, with words after two dashes. */
function run(script: string, variables: Readonly<Record<string, string>>, words = '') {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', `${script}${words}`], {
    ...{ env: { PATH: folder, ...variables }, encoding: 'utf8' },
  })
  return { status, told: stdout.split('\n').slice(0, -1), stderr }
}

test('a deploy fetches exact versions, calls nobody home, and names the environment that is synthesized', () => {
  const { deploy, 'deploy:cdktn': successor } = manifest.scripts

  const first = run(deploy, { GATEHOUSE_ENV: 'prod' }, ' --auto-approve')
  const second = run(successor, { GATEHOUSE_ENV: 'prod' })

  assert.deepEqual(first.told, [
    ...['CHECKPOINT_DISABLE=1', '-y', '-p', 'node@22', '-p', 'cdktf-cli@0.21.0'],
    ...['cdktf', 'deploy', 'prod', '--auto-approve'],
  ])
  assert.deepEqual(second.told, ['CHECKPOINT_DISABLE=1', '-y', 'cdktn-cli@0.24.0', 'deploy', 'prod'])
})

test('without an environment nothing is fetched', () => {
  const { deploy, 'deploy:cdktn': successor } = manifest.scripts

  for (const script of [deploy, successor]) {
    const { status, told, stderr } = run(script, {})
    assert.notEqual(status, 0)
    assert.deepEqual(told, [])
    assert.match(stderr, /GATEHOUSE_ENV: names the environment/)
  }
})

test('whatever runs the tool, the app runs on the repository’s own Node, as in a synth', () => {
  const { app, sendCrashReports } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../cdktf.json'), 'utf8'),
  )

  assert.equal(app, `node_modules/.bin/${manifest.scripts.synth}`)
  assert.equal(sendCrashReports, 'false')
})
