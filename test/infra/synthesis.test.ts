// `node infra/main.ts`, as a person runs it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const main = join(import.meta.dirname, '../../infra/main.ts')

/** Runs it in a folder of its own, with these variables and PATH alone. */
function synthesize(variables: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-synth-'))
  try {
    const env = { PATH: process.env.PATH, NODE_DISABLE_COMPILE_CACHE: '1', ...variables }
    const { status, stderr } = spawnSync(process.execPath, [main], { cwd: folder, env, encoding: 'utf8' })
    const stacks = readdirSync(folder, { recursive: true }).map(String)
    const stack = stacks.find(file => file.endsWith('cdk.tf.json'))
    return {
      status,
      stderr,
      stack,
      text: stack === undefined ? '' : readFileSync(join(folder, stack), 'utf8'),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('one environment becomes one stack, below the folder where it was asked for', () => {
  const { status, stderr, stack, text } = synthesize({ GATEHOUSE_ENV: 'minimal' })

  assert.deepEqual([status, stderr, stack], [0, '', 'cdktf.out/stacks/minimal/cdk.tf.json'])
  assert.equal(text.includes(import.meta.dirname), false)
})

test('an environment that is not there is a report, not a stack trace', () => {
  const { status, stderr, stack } = synthesize({ GATEHOUSE_ENV: 'prdo' })

  assert.deepEqual([status, stack], [1, undefined])
  assert.equal(
    stderr,
    [
      'gatehouse: 1 problem in prdo.yaml',
      '  GATEHOUSE_ENV names no environment.',
      '      Fix: set it to one of dev, minimal, prod, or write infra/environments/prdo.yaml.',
      '',
    ].join('\n'),
  )
})
