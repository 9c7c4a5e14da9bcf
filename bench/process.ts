import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'

/** Kernel clock ticks a second, as /proc counts CPU time; 100 on every Linux that runs Node. */
const TICKS_PER_SECOND = 100

/** CPU seconds (user and system) that a process and its children have used so far. Linux only. */
export function cpuSeconds(pid: number): number {
  let ticks = 0
  for (const member of family(pid)) {
    const stat = readFileSync(`/proc/${member}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / TICKS_PER_SECOND
}

/** Resident memory of a process and its children, in MB. */
export function residentMb(pid: number): number {
  let kilobytes = 0
  for (const member of family(pid)) {
    kilobytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${member}/status`, 'latin1'))?.[1] ?? 0)
  }
  return kilobytes / 1024
}

function family(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(family)]
}

/** Starts a TypeScript file of the bench on one core, with a message channel. */
export function forkOn(core: number, file: URL, args: readonly string[] = []): ChildProcess {
  return fork(file, args, {
    execPath: 'taskset',
    execArgv: ['-c', String(core), process.execPath],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
}

/** Starts any program on one core; its output goes to the bench's stderr only with `loud`. */
export function spawnOn(core: number, command: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn('taskset', ['-c', String(core), ...command], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', process.env['BENCH_LOUD'] === '1' ? 'inherit' : 'ignore', 'ipc'],
  })
}

/** Waits for the next message of a process; fails when it ends first. */
export async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController()
  const ended = once(child, 'exit', { signal: over.signal }).then(([code]) => {
    throw new Error(`a bench process ended early with code ${code}`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: over.signal }), ended])
    return message as T // the channel carries what the bench's own files send
  } finally {
    ended.catch(() => {}) // the listener is taken off below, which rejects it
    over.abort()
  }
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await ended
  clearTimeout(killer)
}
