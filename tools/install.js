// Runs before `npm start` and `npm test`: installs the dependencies when the lockfile has changed since
// the last time, and is silent and quick otherwise. A first `npm start` goes without what only tests need,
// which is half of the download. Plain JavaScript for the Node.js that a clone meets.
//
// usage: node tools/install.js [--all] [FOLDER]
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const words = process.argv.slice(2)
const isForAll = words.includes('--all')
const root = words.find(word => !word.startsWith('-')) ?? join(dirname(fileURLToPath(import.meta.url)), '..')
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

/** What npm has to be told; null when nothing is missing. The stamp says what was installed, and whether all. */
function missing() {
  const [hash, extent] = readText(stampFile).split(' ')
  if (hash !== wanted()) return ['ci', isForAll ? '--include=dev' : '--omit=dev']
  // Only adds, so that a gateway that runs from this folder is not disturbed.
  return isForAll && extent !== 'all' ? ['install', '--no-save', '--include=dev'] : null
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
    const holders = readText(lockFile)
    // The name is written a moment after the file appears, so an empty one is not a dead one.
    if (holders !== '' && !holders.split(' ').some(isRunning)) rmSync(lockFile, { force: true })
    else if (round === 10) console.error(`waiting for process ${holders}, which installs the dependencies`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
}

/** Runs npm; resolves to its exit code. */
function install(order) {
  console.error('installing dependencies: the first time, or something has changed; this takes a minute')
  const call = [...order, '--no-progress', '--loglevel=error']
  // The npm that runs us, on the Node.js that runs it: ours may lie in the folder about to be deleted.
  const { npm_execpath: npm, npm_node_execpath: node = process.execPath } = process.env
  const [program, ...rest] = /\bnpm[^/]*\.c?js$/.test(npm ?? '') ? [node, npm, ...call] : ['npm', ...call]
  const child = spawn(program, rest, { cwd: root, stdio: ['ignore', 2, 2] })
  // When we are killed, npm goes on; until it ends, nobody else may install.
  if (child.pid !== undefined) writeFileSync(lockFile, `${process.pid} ${child.pid}`)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', code => resolve(code ?? 1))
  })
}

async function main() {
  if (missing() === null) return 0
  takeLock()
  process.on('exit', () => rmSync(lockFile, { force: true }))
  // The terminal sends Ctrl-C to npm as well: its end is ours.
  process.on('SIGINT', () => {})
  const order = missing()
  if (order === null) return 0
  const code = await install(order)
  if (code === 0) writeFileSync(stampFile, `${wanted()} ${isForAll ? 'all' : 'start'}`)
  else console.error('npm could not install the dependencies, see above; it needs its registry this once')
  return code
}

process.exitCode = await main()
