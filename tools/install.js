// Runs before `npm start` and `npm test`: installs the dependencies when the lockfile has changed since
// the last time, and is silent and quick otherwise. Plain JavaScript for the Node.js that a clone meets.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..')
const stampFile = join(root, 'node_modules/.installed')
// Not in node_modules, which npm deletes before it installs.
const lockFile = join(root, '.development/install.lock')

function wanted() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`)
  const { allowScripts, dependencies, devDependencies, overrides } = JSON.parse(
    readFileSync(join(root, 'package.json')),
  )
  hash.update(JSON.stringify({ allowScripts, dependencies, devDependencies, overrides }))
  return hash.update(readFileSync(join(root, 'package-lock.json'))).digest('hex')
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Takes the lock, waiting for another process that installs into the same folder. */
function takeLock() {
  mkdirSync(dirname(lockFile), { recursive: true })
  for (let round = 0; ; round += 1) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = readText(lockFile)
    // The name is written a moment after the file appears, so an empty one is not a dead one.
    if (holder !== '' && !isRunning(Number(holder))) rmSync(lockFile, { force: true })
    else if (round === 10) console.error(`waiting for process ${holder}, which installs the dependencies`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
}

function install() {
  console.error('installing dependencies: the first time, or the lockfile has changed')
  const words = ['ci', '--include=dev', '--no-progress', '--loglevel=error']
  // The npm that runs us, on the Node.js that runs it: ours may lie in the folder about to be deleted.
  const { npm_execpath: npm, npm_node_execpath: node = process.execPath } = process.env
  const [program, ...rest] = npm?.endsWith('.js') ? [node, npm, ...words] : ['npm', ...words]
  const { status, error } = spawnSync(program, rest, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error) throw error
  return status ?? 1
}

if (readText(stampFile) !== wanted()) {
  takeLock()
  process.on('exit', () => rmSync(lockFile, { force: true }))
  process.on('SIGINT', () => process.exit(130))
  if (readText(stampFile) !== wanted()) {
    const status = install()
    if (status !== 0) process.exit(status)
    writeFileSync(stampFile, wanted())
  }
}
