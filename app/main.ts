// The process: arguments, boot, signals, exit codes.
import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import manifest from '../package.json' with { type: 'json' }
import { createAudit } from './audit/log.ts'
import { runCommand } from './commands/commands.ts'
import { fileFacts, judgedFile } from './commands/judged-file.ts'
import { HELP, readArguments, USAGE } from './config/arguments.ts'
import type { Config } from './config/config.ts'
import { type Environment, quietGoogleLibraries, readEnvironment } from './config/environment.ts'
import { configLoadEvent, type LoadedConfig } from './config/load.ts'
import { type Problem, problemReport, warningLine } from './config/problems.ts'
import type { Development } from './development/mode.ts'
import { systemClock } from './lib/clock.ts'
import { described } from './lib/described.ts'
import { endingOf } from './lib/ending.ts'
import { createLineWriter, descriptorSink } from './lib/line-writer.ts'
import { createLog } from './lib/log.ts'
import { shareFetchClasses } from './net/fetch-classes.ts'
import { CLOSE_STEP_MS, run, settled } from './run.ts'

const { version } = manifest
const files = {
  migrations: fileURLToPath(new URL('store/migrations', import.meta.url)),
  protocol: fileURLToPath(new URL('protocol/protocol.md', import.meta.url)),
  development: fileURLToPath(new URL('../.development', import.meta.url)),
}

/** Answers the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  quietGoogleLibraries()
  const asked = readArguments(argv)
  switch (asked.kind) {
    case 'help':
      process.stdout.write(HELP)
      return 0
    case 'version':
      process.stdout.write(`${version}\n`)
      return 0
    case 'wrong':
      process.stderr.write(`gatehouse: ${asked.problem}\n${USAGE}\n`)
      return 1
    case 'serve':
      return asked.config === null ? serveDevelopment(asked.data) : serveFile(asked.config)
    default:
      process.stdout.on('error', endWithReader)
      return runCommand(asked, {
        ...{ environment: readEnvironment(), migrations: files.migrations },
        print: text => void process.stdout.write(text),
        complain: text => void process.stderr.write(text),
        input: process.stdin,
        confirm: process.stdin.isTTY && process.stdout.isTTY ? confirm : null,
      })
  }
}

/** Whoever reads what is printed may have seen enough of it, as `head` has. */
function endWithReader(error: Error): void {
  process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1)
}

/** Reports whether the person at the terminal says yes. */
async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const answer = await terminal.question(question).catch(() => '') // Ctrl-C, or the end of the input
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}

/** Boots and serves until a signal, from the file at `path`. */
async function serveFile(path: string): Promise<number> {
  const environment = readEnvironment()
  const ending = ownEnding()
  const loaded = await judgedFile(path, environment, ending.signal).catch(error => {
    if (ending.signal.aborted) return null
    throw error
  })
  return loaded === null ? 0 : serveLoaded(loaded, { environment, ending })
}

/** Boots and serves until a signal, with a database, an identity provider and a model around the gateway. */
async function serveDevelopment(data: string | null): Promise<number> {
  const ending = ownEnding()
  const development = await openDevelopment(readEnvironment(), data)
  try {
    const environment = { ...readEnvironment(), ...development.environment }
    const loaded = development.load(fileFacts(environment))
    return await serveLoaded(loaded, { environment, ending, development })
  } finally {
    await development.close()
  }
}

interface Serving {
  readonly environment: Environment
  readonly ending: AbortController
  readonly development?: Development
}

async function serveLoaded(loaded: LoadedConfig, serving: Serving): Promise<number> {
  shareFetchClasses()
  const writer = createLineWriter({ sink: descriptorSink(2), clock: systemClock })
  const { logLevel: level, kService, googleCloudProject: project } = serving.environment
  const onCloudRun = kService !== undefined
  const audit = createAudit({
    writer,
    clock: systemClock,
    cloudLogging: onCloudRun ? { project } : undefined,
  })
  try {
    const event = configLoadEvent(loaded, version)
    if (event !== null) audit.write(event)
    if (loaded.kind !== 'loaded') {
      const problems: readonly Problem[] = loaded.kind === 'refused' ? loaded.problems : loaded.warnings
      for (const line of problemReport(loaded.path, problems).trimEnd().split('\n')) writer.operational(line)
      return 1
    }
    const { config, warnings } = loaded
    const format = config.gatehouse.log_format ?? (onCloudRun ? 'json' : 'text')
    const log = createLog({
      writer,
      clock: systemClock,
      level,
      format,
      traceProject: onCloudRun ? project : undefined,
    })
    for (const warning of warnings) log.warn(warningLine(warning))
    const onReady = () => {
      if (serving.development) writer.operational(serving.development.instructions)
    }
    const { sha256: configSha256 } = loaded
    const usesSecrets = loaded.references.secret > 0
    return await runToEnd({ ...serving, config, configSha256, usesSecrets, audit, log, onReady })
  } finally {
    audit.close()
    await settled(writer.flush(), CLOSE_STEP_MS)
  }
}

type Running = Serving & {
  readonly config: Config
  readonly configSha256: string | null
  readonly usesSecrets: boolean
  readonly audit: ReturnType<typeof createAudit>
  readonly log: ReturnType<typeof createLog>
  readonly onReady: () => void
}

/** 0 after a clean end, also during the boot; 1 when the boot failed or a bug ended the process. */
async function runToEnd({ ending, development, log, ...running }: Running): Promise<number> {
  let hasBug = false
  const endForBug = (error: unknown) => {
    hasBug = true
    log.error('a bug ends this process', { stack: described(error) })
    ending.abort('a bug')
  }
  process.on('uncaughtException', endForBug).on('unhandledRejection', endForBug)
  try {
    await run({
      ...running,
      ...{ version, files, log, clock: systemClock, monotonic: () => performance.now() },
      ending: ending.signal,
      landingSections: development?.landingSections ?? [],
      beforeListening: () => development?.releasePort(),
    })
  } catch (error) {
    if (ending.signal.aborted && !hasBug) return 0
    log.error(`cannot start: ${error instanceof Error ? error.message : String(error)}`)
    log.debug('where it failed', { stack: described(error) })
    return 1
  }
  return hasBug ? 1 : 0
}

function ownEnding(): AbortController {
  return endingOf({ signals: process, monotonic: () => performance.now(), exitAtOnce: () => process.exit(1) })
}

/** The bundle leaves development mode out: it needs a database and an identity provider of the repository. */
async function openDevelopment(environment: Environment, data: string | null): Promise<Development> {
  const mode = await import('./development/mode.ts').catch((cause: unknown) => {
    throw new Error('development mode needs the repository: give --config FILE', { cause })
  })
  return mode.openDevelopment({ environment, folder: data === null ? files.development : resolve(data) })
}

// Pauses between attempts keep no process alive; what is still to be done does.
setInterval(() => {}, 2 ** 30)

main(process.argv.slice(2)).then(
  code => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`gatehouse: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
