// What the program does beside serving: one entry per command, each of which answers the exit code.
import { createAudit } from '../audit/log.ts'
import type { Arguments } from '../config/arguments.ts'
import { checkOutput } from '../config/check.ts'
import type { DoctorArguments } from '../config/doctor-arguments.ts'
import { type Environment, readGatewayVariables } from '../config/environment.ts'
import type { ExplainArguments } from '../config/explain-arguments.ts'
import { loadConfig } from '../config/load.ts'
import type { MigrateArguments } from '../config/migrate-arguments.ts'
import { warningLine } from '../config/problems.ts'
import type { SpendArguments } from '../config/spend-arguments.ts'
import { systemClock } from '../lib/clock.ts'
import { createLineWriter, descriptorSink } from '../lib/line-writer.ts'
import { silentLog } from '../lib/log.ts'
import { CLOSE_STEP_MS, settled } from '../run.ts'
import { atGateway } from './at-gateway.ts'
import { doctor } from './doctor.ts'
import { explained } from './explain.ts'
import { fileFacts, judgedFile } from './judged-file.ts'
import { bootstrapDatabase, type MigrateCommand, migrateDatabase } from './migrate.ts'
import { replaySpend } from './spend-replay.ts'

/** What is asked of a command. */
export type AskedCommand = Exclude<Arguments, { kind: 'help' | 'version' | 'wrong' | 'serve' }>

/** What a command works with. */
export interface CommandSurroundings {
  readonly environment: Environment
  /** The folder of the numbered .sql files. */
  readonly migrations: string
  /** Write to standard output and standard error. */
  readonly print: (text: string) => void
  readonly complain: (text: string) => void
  /** Standard input. */
  readonly input: AsyncIterable<Buffer>
  /** Asks the person at the terminal; null where there is none. */
  readonly confirm: ((question: string) => Promise<boolean>) | null
}

/** Runs a command to its end. */
export async function runCommand(asked: AskedCommand, surroundings: CommandSurroundings): Promise<number> {
  switch (asked.kind) {
    case 'check':
      return check(asked, surroundings)
    case 'explain':
      return explain(asked, surroundings)
    case 'doctor':
      return examine(asked, surroundings)
    case 'migrate':
    case 'bootstrap':
      return prepareDatabase(asked, surroundings)
    case 'replay':
      return replay(asked, surroundings)
    case 'usage':
    case 'limits':
    case 'forget':
      return atGateway(asked, { ...surroundings, variables: readGatewayVariables() })
  }
}

function check(asked: Extract<AskedCommand, { kind: 'check' }>, surroundings: CommandSurroundings): 0 | 1 {
  const { environment, print, complain } = surroundings
  const { config: path, allowUnset } = asked
  const { stdout, stderr, exitCode } = checkOutput(
    loadConfig({ ...fileFacts(environment), path, allowUnset }),
  )
  print(stdout)
  complain(stderr)
  return exitCode
}

/** Says what one person gets from a file; nothing is opened but, for a subject, the store. */
async function explain(asked: ExplainArguments, surroundings: CommandSurroundings): Promise<0 | 1> {
  const { environment, print, complain } = surroundings
  const loaded = await judgedFile(asked.config, environment)
  if (loaded.kind !== 'loaded') {
    complain(checkOutput(loaded).stderr)
    return 1
  }
  for (const warning of loaded.warnings) complain(`warning: ${warningLine(warning)}\n`)
  const answer = await explained(loaded, asked, environment)
  if ('problem' in answer) {
    complain(`gatehouse: ${answer.problem}\n`)
    return 1
  }
  print(answer.text)
  return 0
}

/** 0 when nothing has to be mended, 1 when something has, 2 for a file that is refused. */
async function examine(asked: DoctorArguments, surroundings: CommandSurroundings): Promise<0 | 1 | 2> {
  const { environment, migrations, print, complain } = surroundings
  const loaded = await judgedFile(asked.config, environment)
  if (loaded.kind !== 'loaded') {
    complain(checkOutput(loaded).stderr)
    return 2
  }
  const writer = createLineWriter({ sink: descriptorSink(2), clock: systemClock })
  const onCloudRun = environment.cloudRunJob !== undefined
  const cloudLogging = onCloudRun ? { project: environment.googleCloudProject } : undefined
  const audit = createAudit({ writer, clock: systemClock, cloudLogging })
  try {
    const command = { asked, environment, migrations, audit, clock: systemClock, print }
    return await doctor(loaded.config, command)
  } finally {
    audit.close()
    await settled(writer.flush(), CLOSE_STEP_MS)
  }
}

/** Prints what was done; what went wrong is complained about. */
async function prepareDatabase(asked: MigrateArguments, surroundings: CommandSurroundings): Promise<0 | 1> {
  const { environment, migrations, print, complain } = surroundings
  const command: MigrateCommand = {
    ...{ migrations, environment, log: silentLog },
    print: line => print(`${line}\n`),
  }
  if (asked.kind === 'bootstrap') {
    await bootstrapDatabase(asked, command)
    return 0
  }
  const loaded = await judgedFile(asked.config, environment)
  if (loaded.kind !== 'loaded') {
    complain(checkOutput(loaded).stderr)
    return 1
  }
  await migrateDatabase(loaded.config, command)
  return 0
}

/** 0 when every line was fit; what was not is complained about. */
async function replay(asked: SpendArguments, surroundings: CommandSurroundings): Promise<0 | 1> {
  const { environment, input, print, complain } = surroundings
  const loaded = await judgedFile(asked.config, environment)
  if (loaded.kind !== 'loaded') {
    complain(checkOutput(loaded).stderr)
    return 1
  }
  const isFit = await replaySpend(loaded.config, {
    ...{ environment, input, clock: systemClock },
    print: line => print(`${line}\n`),
    complain: line => complain(`${line}\n`),
  })
  return isFit ? 0 : 1
}
