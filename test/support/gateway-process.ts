// The gateway as a process of its own, started as an operator starts it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { API_KEY, CLIENT_SECRET, type GatewaySettings, gatewayConfig, JWT_SECRET } from './gateway.ts'
import { CLIENT } from './idp-manners.ts'

export interface GatewayProcess extends AsyncDisposable {
  /** All that it wrote so far. */
  readonly stdout: string
  readonly stderr: string
  /** Resolves with the first line of stderr that holds `text`; rejects when the process ends without one. */
  line(text: string): Promise<string>
  /** Audit events so far. */
  events(): readonly Readonly<Record<string, unknown>>[]
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGUSR2' | 'SIGKILL'): void
  /** Stops reading what it writes to stderr, as a log collector that hangs would. */
  stopReading(): void
  /** The exit code, whether or not everything it wrote was read; null when a signal killed it. */
  readonly left: Promise<number | null>
  /** The exit code, once everything it wrote was read; null when a signal killed it. */
  readonly exited: Promise<number | null>
}

export interface ProcessOptions {
  readonly variables?: Readonly<Record<string, string>>
  /** Words after the script's name. */
  readonly words: readonly string[]
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[]
  /** What stands on its standard input, which is empty by default. */
  readonly input?: string
}

const MAIN = join(import.meta.dirname, '../../app/main.ts')

/** Starts `node app/main.ts` with exactly these variables; killed at the end of the scope. */
export function startProcess({
  words,
  variables = {},
  nodeOptions = [],
  input = '',
}: ProcessOptions): GatewayProcess {
  const child = spawn(process.execPath, [...nodeOptions, MAIN, ...words], {
    env: { CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1', ...variables },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => {}).end(input) // most look at none of it
  const text = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part
      for (const look of waiting) look()
    })
  }
  const left = once(child, 'exit').then(([code]) => code as number | null) // what the event carries
  let hasEnded = false
  const exited = once(child, 'close').then(([code]) => {
    hasEnded = true
    for (const look of waiting) look()
    return code as number | null // what the event carries
  })
  return {
    get stdout() {
      return text.stdout
    },
    get stderr() {
      return text.stderr
    },
    line(wanted) {
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      const look = () => {
        const found = text.stderr
          .split('\n')
          .slice(0, -1)
          .find(line => line.includes(wanted))
        if (found === undefined && !hasEnded) return
        waiting.delete(look)
        if (found === undefined)
          reject(
            new Error(`it ended (${child.exitCode ?? child.signalCode}) without "${wanted}": ${text.stderr}`),
          )
        else resolve(found)
      }
      waiting.add(look)
      look()
      return promise
    },
    events: () =>
      text.stderr
        .split('\n')
        .filter(line => line.startsWith('{'))
        .map(line => JSON.parse(line)),
    signal: name => void child.kill(name),
    stopReading: () => void child.stderr.pause(),
    left,
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      child.stderr.resume()
      await exited
    },
  }
}

/** A file of its own for `text`, gone at the end of the scope. */
export function configFile(text: string): { readonly path: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-'))
  const path = join(folder, 'gateway.yaml')
  writeFileSync(path, text, { mode: 0o600 })
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

/** Serves as `settings` say, with every secret in a variable; `line('ready')` says when. */
export function serveGateway(
  settings: GatewaySettings,
  options: Omit<ProcessOptions, 'words'> = {},
): GatewayProcess {
  const secrets = {
    ...{ API_KEY, JWT_SECRET, CLIENT_SECRET, DATABASE_URL: settings.databaseUrl },
    IDP_CLIENT_SECRET: CLIENT.client_secret,
  }
  const text = Object.entries(secrets).reduce(
    (config, [name, value]) => config.replaceAll(JSON.stringify(value), `"\${${name}}"`),
    gatewayConfig(settings),
  )
  return serveConfig(text, { ...options, variables: { ...secrets, ...options.variables } })
}

function serveConfig(text: string, options: Omit<ProcessOptions, 'words'> = {}): GatewayProcess {
  const file = configFile(text)
  const started = startProcess({ ...options, words: ['--config', file.path] })
  const dispose = started[Symbol.asyncDispose]
  return Object.defineProperty(started, Symbol.asyncDispose, {
    async value() {
      await dispose()
      file[Symbol.dispose]()
    },
  })
}
