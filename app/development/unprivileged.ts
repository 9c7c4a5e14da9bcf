// Postgres refuses to run as root. This decides under which user, and from which place, its programs
// run when we are root ourselves: from where they are installed if that user can get there, else with
// the one capability that opens the parent folders, else from a copy under the temporary folder.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, chown, cp, lstat, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { pid } from 'node:process'

/** How to run a program of `programs` whose files live in `folder`. */
export interface Place {
  readonly programs: string
  readonly folder: string
  /** Words that go in front of every command. */
  readonly prefix: readonly string[]
  /** The user to run as; null when it is the user that runs us. */
  readonly user: User | null
}

interface User {
  readonly uid: number
  readonly gid: number
}

/** Where to run the programs of the folder `programs`, whose own files are to live in `folder`. */
export async function choosePlace(programs: string, folder: string): Promise<Place> {
  const here = { programs, folder, prefix: [], user: null }
  await mkdir(folder, { recursive: true })
  if (userInfo().uid !== 0) return here

  const user = await ownerOf(folder)
  await chown(folder, user.uid, user.gid)
  const plain: Place = { ...here, user }
  if (await isUsable(plain)) return plain
  const capable: Place = { ...here, prefix: withCapability(user) }
  if (await isUsable(capable)) return capable
  return copyPlace(plain)
}

/** Copies a place's programs to a folder below `parent` that every user may enter, and moves its files there. */
export async function copyPlace(place: Place, parent = tmpdir()): Promise<Place> {
  const { mtimeMs } = await stat(join(place.programs, 'bin/postgres'))
  const home = join(parent, `gatehouse-postgres-${shortHash(`${place.programs} ${mtimeMs}`)}`)
  await mkdir(home, { recursive: true, mode: 0o755 })
  const { uid } = await lstat(home)
  if (uid !== userInfo().uid) throw new Error(`${home} belongs to somebody else; remove it and start again`)

  const folder = join(home, `files-${shortHash(place.folder)}`)
  const copy: Place = { ...place, programs: join(home, 'native'), folder }
  await copyOnce(place.programs, copy.programs)
  await mkdir(folder, { recursive: true })
  if (copy.user) await chown(folder, copy.user.uid, copy.user.gid)
  if (await isUsable(copy)) return copy
  throw new Error(`Postgres cannot be run as root, nor as user ${place.user?.uid} from ${home}`)
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** Spawn options that run a command of `place`; an empty environment keeps PG* variables out. */
export function spawnOptions(place: Place) {
  return { ...place.user, cwd: '/', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } } as const
}

// A folder that was made by an ordinary user keeps working when root starts the next time.
async function ownerOf(folder: string): Promise<User> {
  const { uid, gid } = await stat(folder)
  if (uid !== 0) return { uid, gid }
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find(entry => entry.startsWith('nobody:'))
  const [, , nobody = '65534', group = '65534'] = line?.split(':') ?? []
  // macOS writes its nobody as -2.
  return { uid: Number(nobody) >>> 0, gid: Number(group) >>> 0 }
}

// capabilities(7): an ambient capability survives the change of user and the start of a program, and access(2),
// with which initdb looks for its sister programs, respects it only when the user's number fixes nothing up.
function withCapability({ uid, gid }: User): string[] {
  const bits = '--securebits=+no_setuid_fixup'
  const capability = [bits, '--inh-caps=+dac_override', '--ambient-caps=+dac_override']
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...capability]
}

async function isUsable(place: Place): Promise<boolean> {
  // `initdb -s` looks for everything that it will need, and says what it found.
  const script = '"$0/bin/postgres" --version && "$0/bin/initdb" -s -D "$1/data" && cd "$1" && test -w .'
  const [command = 'sh', ...words] = [...place.prefix, 'sh', '-c', script, place.programs, place.folder]
  const child = spawn(command, words, { ...spawnOptions(place), stdio: 'ignore' })
  return new Promise(resolve => {
    child.once('error', () => resolve(false))
    child.once('exit', code => resolve(code === 0))
  })
}

async function copyOnce(from: string, to: string): Promise<void> {
  if (await stat(to).catch(() => null)) return
  const partial = `${to}-${pid}`
  await cp(from, partial, { recursive: true, verbatimSymlinks: true })
  // An installation for one's own eyes only is copied with its modes.
  for (const entry of await readdir(partial, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755)
  }
  await chmod(partial, 0o755)
  try {
    await rename(partial, to)
  } catch (error) {
    // Another process was quicker.
    await rm(partial, { recursive: true })
    if (!(await stat(to).catch(() => null))) throw error
  }
}
