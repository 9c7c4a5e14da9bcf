// The two build files against Google's own types of a build, which its client library makes from the API's description.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '../..')
const types = join(root, 'node_modules/googleapis/build/src/apis/cloudbuild/v1.js')
const folder = mkdtempSync(join(tmpdir(), 'cloudbuild-'))
after(() => rmSync(folder, { recursive: true }))

/** What the compiler says of literals of a build; a key that the API does not know is an error in a literal. */
function faultsOf(builds: Readonly<Record<string, unknown>>): string[] {
  const literals = Object.entries(builds).map(
    ([name, build]) => `export const ${name}: cloudbuild_v1.Schema$Build = ${JSON.stringify(build)}`,
  )
  const file = join(folder, 'builds.ts')
  writeFileSync(file, `import type { cloudbuild_v1 } from '${types}'\n${literals.join('\n')}\n`)
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--types', '', '--ignoreConfig']
  const { stdout } = spawnSync(
    join(root, 'node_modules/.bin/tsc'),
    [...options, '--module', 'nodenext', file],
    { cwd: folder, encoding: 'utf8' },
  )
  return stdout.split('\n').filter(line => line.includes('error TS'))
}

const builds = ['cloudbuild.yaml', 'infra/cloudbuild.deploy.yaml'].map(file =>
  parse(readFileSync(join(root, file), 'utf8')),
)

test('both build files are builds, by Google’s own types', () => {
  assert.deepEqual(faultsOf(Object.fromEntries(builds.map((build, index) => [`build${index}`, build]))), [])
})

test('a misspelt key and a value of another kind are found', () => {
  const [build] = builds
  const [step] = build.steps

  const faults = faultsOf({
    misspelt: { ...build, steps: [{ ...step, entryPoint: 'sh' }] },
    ofAnotherKind: { ...build, timeout: 600 },
  })

  assert.deepEqual(
    faults.map(fault => fault.replace(/^.*error /, '')),
    [
      `TS2353: Object literal may only specify known properties, and '"entryPoint"' does not exist in type 'Schema$BuildStep'.`,
      `TS2322: Type 'number' is not assignable to type 'string'.`,
    ],
  )
})
