// What `npm test` runs: types, style and unused code first when everything is tested, then the tests.
// Arguments go on to the runner: npm test -- --test-concurrency=8 test/store/migrations.test.ts
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const programs = join(root, 'node_modules/.bin')
const env = { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}` }

// A line of NODE_OPTIONS of the person's own would decide how tests see warnings and modules.
delete env.NODE_OPTIONS

/** Runs a program of node_modules; resolves to whether it succeeded. */
function run(program, words) {
  const child = spawn(join(programs, program), words, { cwd: root, env, stdio: 'inherit' })
  const forward = signal => child.kill(signal)
  process.on('SIGTERM', forward).on('SIGINT', forward)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => {
      process.off('SIGTERM', forward).off('SIGINT', forward)
      resolve(code === 0)
    })
  })
}

const words = process.argv.slice(2)
const isFile = word => !word.startsWith('-') && (/[*]|\.ts$/.test(word) || existsSync(join(root, word)))
const isFullRun = !words.some(isFile)

const failed = []
if (isFullRun) {
  for (const [program, ...flags] of [
    ['tsc', '--noEmit'],
    ['biome', 'check', '--error-on-warnings', '.'],
    ['knip', '--no-progress'],
  ]) {
    if (!(await run(program, flags))) failed.push(program)
  }
  if (failed.length > 0) console.error(`\n${failed.join(', ')} failed: see above\n`)
}

const flags = [
  '--test',
  '--test-timeout=120000',
  '--test-global-setup=test/support/global-setup.ts',
  '--import=./test/support/no-escape.js',
]
if (!words.some(word => word.startsWith('--test-concurrency'))) {
  flags.push(`--test-concurrency=${Math.max(2, availableParallelism())}`)
}
const areGreen = await run('node', [...flags, ...words, ...(isFullRun ? ['test/**/*.test.ts'] : [])])
process.exitCode = areGreen && failed.length === 0 ? 0 : 1
