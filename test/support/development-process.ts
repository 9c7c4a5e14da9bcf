// `node app/main.ts` in development mode as a person starts it: a process of its own, with a folder of its own.
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'

const MAIN = join(import.meta.dirname, '../../app/main.ts')

export interface DevelopmentProcess {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly url: string
  /** Everything it has printed so far: stderr, and stdout. */
  printed(): { readonly stderr: string; readonly stdout: string }
  /** What stands between "Paste it as it is." and the end of the script. */
  readonly recipe: string
  readonly postgresPid: number
  /** Sends the signal to the whole group, as a terminal does; resolves to code and signal of the end. */
  end(signal: 'SIGINT' | 'SIGKILL'): Promise<readonly [number | null, string | null]>
}

export interface DevelopmentSettings {
  /** The PORT variable. Default 0: any free port. */
  readonly port?: number
  /** Words that go before `node`: a parent for the process. */
  readonly parent?: readonly string[]
}

/** A folder for development mode; removed at the end of the test, after what was started later is gone. */
export async function developmentFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-development-'))
  await chmod(folder, 0o755)
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }))
  return folder
}

/** Starts it without waiting for anything; `ended` resolves when the process is gone. */
export function spawnDevelopment(folder: string, { port = 0, parent = [] }: DevelopmentSettings = {}) {
  const [command = '', ...words] = [...parent, process.execPath, MAIN, '--data', folder]
  const env = { ...process.env, PORT: String(port), ANTHROPIC_API_KEY: '' }
  const child = spawn(command, words, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { stderr: '', stdout: '' }
  child.stderr.setEncoding('utf8').on('data', text => (texts.stderr += text))
  child.stdout.setEncoding('utf8').on('data', text => (texts.stdout += text))
  const ended = once(child, 'close').then(([code, signal]) => [code, signal] as const)
  return { child, printed: () => texts, ended }
}

/** Starts it and waits for the ready line; the process is ended with the test. */
export async function startDevelopment(
  t: TestContext,
  folder: string,
  settings: DevelopmentSettings = {},
): Promise<DevelopmentProcess> {
  const { child, printed, ended } = spawnDevelopment(folder, settings)
  const end = (signal: 'SIGINT' | 'SIGKILL') => {
    if (child.exitCode === null && child.signalCode === null && child.pid) process.kill(-child.pid, signal)
    return ended
  }
  t.after(() => end('SIGINT'))
  while (!printed().stderr.includes('Gatehouse is ready: ')) {
    const event = await Promise.race([once(child.stderr, 'data'), ended.then(() => null)])
    if (event === null) throw new Error(`development mode ended before it was ready: ${printed().stderr}`)
  }
  const text = printed().stderr
  return {
    ...{ child, printed, end },
    url: /Gatehouse is ready: (\S+)/.exec(text)?.[1] ?? '',
    recipe: /Paste it as it is\.\n\n([\s\S]*?\n\))\n/.exec(text)?.[1] ?? '',
    postgresPid: Number(readFileSync(join(folder, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]),
  }
}

/** Runs a script as if it had been pasted into a terminal with `shell`. */
export async function paste(script: string, shell = 'bash'): Promise<string> {
  const { stdout } = await promisify(execFile)(shell, ['-c', script])
  return stdout
}
