// One folder, one server, one owner: who uses the folder now, and what a killed owner left in it.

import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pid, ppid } from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { commandOf, signalProcess, startOf } from './process-facts.ts'

/**
 * Puts our name on `folder`. Fails when another process that still runs has its name there, unless whoever
 * started that one is gone: then nobody can stop it from where it was started, and it is ended here.
 */
export async function claimFolder(folder: string): Promise<void> {
  const file = join(folder, 'owner')
  const names = (await readFile(file, 'utf8').catch(() => '')).split('\n')
  const [owner = '', start = '', parent = '', parentStart = ''] = names
  if (owner !== '' && start === (await startOf(Number(owner)))) {
    const isOrphan = parentStart !== '' && parentStart !== String(await startOf(Number(parent)))
    if (!isOrphan) {
      throw new Error(`the database in ${folder} is in use by process ${owner}; stop that one first`)
    }
    await endProcess(Number(owner), start)
  }
  await writeFile(file, [pid, await startOf(pid), ppid, await startOf(ppid)].join('\n'))
}

/** Takes our name off `folder`. */
export async function releaseFolder(folder: string): Promise<void> {
  await rm(join(folder, 'owner'), { force: true })
}

/**
 * Stops the server that an owner without a life left running on `data`, and removes its lock file.
 *
 * A process counts as that server only if its command line is a Postgres of this very folder: after a
 * crash of the machine the number in the lock file may belong to anybody.
 */
export async function stopLeftover(data: string): Promise<void> {
  const lock = join(data, 'postmaster.pid')
  const server = Number((await readFile(lock, 'utf8').catch(() => '')).split('\n', 1)[0])
  if (server > 0 && (await isServerOf(server, data))) await stopServer(server, data)
  await rm(lock, { force: true })
}

async function isServerOf(server: number, data: string): Promise<boolean> {
  const command = await commandOf(server)
  return command !== null && /\bpostgres -D /.test(command) && command.includes(`-D ${data} `)
}

async function stopServer(server: number, data: string): Promise<void> {
  // postgres(1): SIGINT ends sessions and shuts down cleanly; SIGQUIT stops at once and recovers later.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    signalProcess(server, signal)
    for (let round = 0; round < 100; round += 1) {
      if (!(await isServerOf(server, data))) return
      await delay(50)
    }
  }
  throw new Error(`the database server ${server} that was left on ${data} does not stop`)
}

async function endProcess(target: number, start: string): Promise<void> {
  // The first signal lets running requests finish, the second does not.
  for (const signal of ['SIGINT', 'SIGINT', 'SIGKILL'] as const) {
    signalProcess(target, signal)
    for (let round = 0; round < 40; round += 1) {
      if ((await startOf(target)) !== start) return
      await delay(50)
    }
  }
  throw new Error(`process ${target}, which nobody waits for any more, does not end`)
}
