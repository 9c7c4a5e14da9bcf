// What the operating system says about a process, to tell a server we left behind from a stranger
// that happens to have been given the same number since.

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { kill, platform } from 'node:process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** When process `pid` started, in the system's own spelling; null when there is no such process any more. */
export async function startOf(pid: number): Promise<string | null> {
  if (platform !== 'linux') return ps(pid, 'lstart=')
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // proc(5): the second field is the program's name in parentheses, which may itself hold spaces and
  // parentheses; after the last closing one come the state, 'Z' for a process that only waits to be
  // collected, and 19 fields later the start time.
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  return state === 'Z' ? null : (fields[18] ?? null)
}

/** The command line of process `pid`, its words separated by spaces; null when there is no such process. */
export async function commandOf(pid: number): Promise<string | null> {
  if (platform !== 'linux') return ps(pid, 'args=')
  const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return words === '' ? null : words.replaceAll('\0', ' ').trim()
}

/** Sends `signal` to process `pid`; one that is gone already is left alone. */
export function signalProcess(pid: number, signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): void {
  try {
    kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function ps(pid: number, column: string): Promise<string | null> {
  const answer = await run('ps', ['-ww', '-o', column, '-p', String(pid)]).catch(() => null)
  return answer?.stdout.trim() || null
}
