import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'

const PROGRAM = join(import.meta.dirname, '../../tools/install.js')

// Stands in for npm: notes its arguments, and makes the folder as npm would, or fails when told to.
const NPM = `
  import { appendFileSync, existsSync, mkdirSync } from 'node:fs'
  appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n')
  if (existsSync('broken')) process.exit(7)
  mkdirSync('node_modules', { recursive: true })
`

/** A project with a lockfile, and a way to run the installer in it. */
async function newProject(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'gatehouse-install-'))
  t.after(() => rm(root, { recursive: true }))
  await writeFile(join(root, 'package.json'), '{"type":"module","dependencies":{}}')
  await writeFile(join(root, 'package-lock.json'), '{}')
  await writeFile(join(root, 'npm.js'), NPM)
  const env = { ...process.env, npm_execpath: join(root, 'npm.js'), npm_node_execpath: process.execPath }
  return {
    root,
    install: (...words: string[]) =>
      promisify(execFile)(process.execPath, [PROGRAM, root, ...words], { env }),
    calls: async () => (await readFile(join(root, 'calls'), 'utf8')).trimEnd().split('\n'),
  }
}

test('dependencies are installed the first time and when the lockfile has changed, and not otherwise', async t => {
  const { root, install, calls } = await newProject(t)

  await install()
  const quiet = await install()
  await appendFile(join(root, 'package-lock.json'), ' ')
  const changed = await install()

  const call = 'ci --omit=dev --no-progress --loglevel=error'
  assert.deepEqual(await calls(), [call, call])
  assert.deepEqual([quiet.stdout, quiet.stderr], ['', ''])
  assert.equal(
    changed.stderr,
    'installing dependencies: the first time, or something has changed; this takes a minute\n',
  )
})

test('what only tests need is added by the first test, and a start is content with it', async t => {
  const { install, calls } = await newProject(t)

  await install()
  await install('--all')
  await install('--all')
  await install()

  assert.deepEqual(await calls(), [
    'ci --omit=dev --no-progress --loglevel=error',
    'install --no-save --include=dev --no-progress --loglevel=error',
  ])
})

test('a first test installs everything in one go', async t => {
  const { install, calls } = await newProject(t)

  await install('--all')
  await install()

  assert.deepEqual(await calls(), ['ci --include=dev --no-progress --loglevel=error'])
})

test('of several that start at once one installs and the others wait for it', async t => {
  const { install, calls } = await newProject(t)

  await Promise.all([install(), install(), install()])

  assert.equal((await calls()).length, 1)
})

test('a failed installation is the exit code, and is tried again', async t => {
  const { root, install, calls } = await newProject(t)
  await writeFile(join(root, 'broken'), '')

  await assert.rejects(install(), {
    code: 7,
    stderr: /could not install the dependencies, see above; it needs its registry this once\n$/,
  })
  await rm(join(root, 'broken'))
  await install()

  assert.equal((await calls()).length, 2)
})

test('the lock of an installer that was killed is taken over', async t => {
  const { root, install, calls } = await newProject(t)
  await install()
  await appendFile(join(root, 'package-lock.json'), ' ')
  // No process has this number: it is beyond the largest that Linux gives.
  await writeFile(join(root, '.development/install.lock'), '4194305')

  await install()

  assert.equal((await calls()).length, 2)
})
