// The process: arguments, boot, signals, exit codes.
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import manifest from '../package.json' with { type: 'json' }
import { createAudit } from './audit/log.ts'
import { doctor } from './commands/doctor.ts'
import { explained } from './commands/explain.ts'
import { bootstrapDatabase, type MigrateCommand, migrateDatabase } from './commands/migrate.ts'
import { HELP, readArguments, USAGE } from './config/arguments.ts'
import { checkOutput } from './config/check.ts'
import type { Config } from './config/config.ts'
import type { DoctorArguments } from './config/doctor-arguments.ts'
import { type Environment, quietGoogleLibraries, readEnvironment } from './config/environment.ts'
import type { ExplainArguments } from './config/explain-arguments.ts'
import { configLoadEvent, type LoadedConfig, loadConfig } from './config/load.ts'
import { readLocalFile } from './config/local-file.ts'
import type { MigrateArguments } from './config/migrate-arguments.ts'
import { type Problem, problemReport, warningLine } from './config/problems.ts'
import type { Development } from './development/mode.ts'
import { builtinNames } from './inference/model-names.ts'
import { systemClock } from './lib/clock.ts'
import { described } from './lib/described.ts'
import { endingOf } from './lib/ending.ts'
import { createLineWriter, descriptorSink } from './lib/line-writer.ts'
import { createLog, silentLog } from './lib/log.ts'
import { priceWarnings } from './managed/price-warnings.ts'
import { policyWarnings } from './managed/warnings.ts'
import { shareFetchClasses } from './net/fetch-classes.ts'
import { loadWithSecrets } from './net/load-with-secrets.ts'
import { openNetwork } from './net/network.ts'
import { judgeHost } from './net/ssrf-guard.ts'
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
    case 'check': {
      const loaded = loadConfig({
        ...facts(readEnvironment()),
        path: asked.config,
        allowUnset: asked.allowUnset,
      })
      const { stdout, stderr, exitCode } = checkOutput(loaded)
      process.stdout.write(stdout)
      process.stderr.write(stderr)
      return exitCode
    }
    case 'explain':
      return explainAs(asked)
    case 'doctor':
      return doctorAs(asked)
    case 'migrate':
    case 'bootstrap':
      return migrateAs(asked)
    case 'serve':
      return asked.config === null ? serveDevelopment(asked.data) : serveFile(asked.config)
  }
}

/** Says what one person gets from a file; nothing is opened but, for a subject, the store. */
async function explainAs(asked: ExplainArguments): Promise<number> {
  const environment = readEnvironment()
  const loaded = await loadFile(asked.config, environment)
  if (loaded.kind !== 'loaded') {
    process.stderr.write(checkOutput(loaded).stderr)
    return 1
  }
  for (const warning of loaded.warnings) process.stderr.write(`warning: ${warningLine(warning)}\n`)
  const answer = await explained(loaded, asked, environment)
  if ('problem' in answer) {
    process.stderr.write(`gatehouse: ${answer.problem}\n`)
    return 1
  }
  process.stdout.write(answer.text)
  return 0
}

/** 0 when nothing has to be mended, 1 when something has, 2 for a file that is refused. */
async function doctorAs(asked: DoctorArguments): Promise<number> {
  const environment = readEnvironment()
  const loaded = await loadFile(asked.config, environment)
  if (loaded.kind !== 'loaded') {
    process.stderr.write(checkOutput(loaded).stderr)
    return 2
  }
  const writer = createLineWriter({ sink: descriptorSink(2), clock: systemClock })
  const onCloudRun = environment.cloudRunJob !== undefined
  const cloudLogging = onCloudRun ? { project: environment.googleCloudProject } : undefined
  const audit = createAudit({ writer, clock: systemClock, cloudLogging })
  const print = (text: string) => void process.stdout.write(text)
  const command = { asked, environment, migrations: files.migrations, audit, clock: systemClock, print }
  try {
    return await doctor(loaded.config, command)
  } finally {
    audit.close()
    await settled(writer.flush(), CLOSE_STEP_MS)
  }
}

/** Prints what was done; what went wrong goes to stderr. */
async function migrateAs(asked: MigrateArguments): Promise<number> {
  const environment = readEnvironment()
  const command: MigrateCommand = {
    ...{ migrations: files.migrations, environment, log: silentLog },
    print: line => void process.stdout.write(`${line}\n`),
  }
  if (asked.kind === 'bootstrap') {
    await bootstrapDatabase(asked, command)
    return 0
  }
  const loaded = await loadFile(asked.config, environment)
  if (loaded.kind !== 'loaded') {
    process.stderr.write(checkOutput(loaded).stderr)
    return 1
  }
  await migrateDatabase(loaded.config, command)
  return 0
}

/** Boots and serves until a signal, from the file at `path`. */
async function serveFile(path: string): Promise<number> {
  const environment = readEnvironment()
  const ending = ownEnding()
  const loaded = await loadFile(path, environment, ending.signal).catch(error => {
    if (ending.signal.aborted) return null
    throw error
  })
  return loaded === null ? 0 : serveLoaded(loaded, { environment, ending })
}

/** Judges the file, and with it the secrets that it refers to. */
function loadFile(path: string, environment: Environment, signal = new AbortController().signal) {
  const access = { openNetwork: () => openNetwork(environment), signal }
  return loadWithSecrets({ ...facts(environment), path }, access)
}

/** Boots and serves until a signal, with a database, an identity provider and a model around the gateway. */
async function serveDevelopment(data: string | null): Promise<number> {
  const ending = ownEnding()
  const development = await openDevelopment(readEnvironment(), data)
  try {
    const environment = { ...readEnvironment(), ...development.environment }
    const loaded = development.load(facts(environment))
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

function facts(environment: Environment) {
  return {
    environment,
    readFile: readLocalFile,
    now: systemClock(),
    judgeHost,
    builtins: builtinNames(),
    judgePolicies: (config: Config) => [...policyWarnings(config), ...priceWarnings(config)],
  }
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
