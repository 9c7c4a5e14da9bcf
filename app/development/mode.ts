// `npm start` without a config: a database, an identity provider and a model of the project's own, and the
// gateway in front of them, configured through the same validation as any other.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Environment } from '../config/environment.ts'
import { type LoadedConfig, type ParseOptions, parseConfigText } from '../config/load.ts'
import type { LandingSection } from '../protocol/landing-page.ts'
import { type GeneratedConfig, generateConfig } from './generated-config.ts'
import { holdPort } from './held-port.ts'
import { startIdentityProvider } from './identity-provider.ts'
import { type InstructionsOptions, landingInstructions, printedInstructions } from './instructions.ts'
import { startStandInModel } from './model.ts'
import { PEOPLE } from './people.ts'
import { startPostgres } from './postgres.ts'
import { curlRecipe } from './recipe.ts'

export interface Development {
  /** What development mode decides in place of the environment. */
  readonly environment: Pick<Environment, 'allowLoopback'>
  readonly landingSections: readonly LandingSection[]
  /** What to do next, to be printed when the gateway is ready. */
  readonly instructions: string
  /** Judges the generated configuration as a file would be. */
  load(options: ParseOptions): LoadedConfig
  /** Gives the gateway's port free, which was held until now. */
  releasePort(): void
  close(): Promise<void>
}

export interface DevelopmentOptions {
  readonly environment: Environment
  /** Holds everything that outlives a run. */
  readonly folder: string
}

const DEFAULT_PORT = 8080

/** Starts what stands around the gateway. */
export async function openDevelopment({ environment, folder }: DevelopmentOptions): Promise<Development> {
  await mkdir(folder, { recursive: true })
  await using opening = new AsyncDisposableStack()
  const isStandIn = (environment.variable('ANTHROPIC_API_KEY') ?? '') === ''
  // The database comes first: with its folder it takes over from a start that nobody can stop any more.
  const [postgres, model, jwtSecret] = await Promise.all([
    startPostgres({ folder: join(folder, 'postgres'), persistent: true }).then(server => opening.use(server)),
    isStandIn ? startStandInModel().then(server => opening.use(server)) : null,
    keptSecret(join(folder, 'jwt-secret')),
  ])
  const wanted = typeof environment.port === 'number' ? environment.port : DEFAULT_PORT
  const { port, release } = await holdPort(wanted)
  opening.defer(release)
  const publicUrl = `http://127.0.0.1:${port}`
  const client = { clientId: 'gatehouse-development', clientSecret: randomBytes(24).toString('base64url') }
  const redirectUri = `${publicUrl}/oauth/callback`
  const adminKeys = { write: freshSecret(), read: freshSecret() }
  const idp = opening.use(await startIdentityProvider({ ...client, redirectUri, people: PEOPLE }))
  const generated = generateConfig({
    ...{ ...client, port, jwtSecret, adminKeys, issuer: idp.issuer },
    ...{ postgresUrl: postgres.url, modelUrl: model?.url ?? null },
  })
  const instructions: InstructionsOptions = {
    ...{ publicUrl, isStandIn, adminKeys, people: PEOPLE },
    recipe: curlRecipe(publicUrl, PEOPLE[0], adminKeys.write),
    takenPort: wanted !== 0 && port !== wanted ? wanted : null,
  }
  const opened = opening.move()
  return {
    environment: { allowLoopback: true },
    landingSections: landingInstructions(instructions),
    instructions: printedInstructions(instructions),
    load: parse => judge(generated, parse),
    releasePort: release,
    close: () => opened.disposeAsync(),
  }
}

function judge({ text, variables }: GeneratedConfig, parse: ParseOptions): LoadedConfig {
  const variable = (name: string) => variables[name] ?? parse.environment.variable(name)
  return {
    ...parseConfigText(text, { ...parse, environment: { ...parse.environment, variable } }),
    path: 'development defaults',
    sha256: createHash('sha256').update(text).digest('hex'),
  }
}

function freshSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** A secret that survives a restart, so that sessions do too. */
async function keptSecret(file: string): Promise<string> {
  const fresh = freshSecret()
  try {
    await writeFile(file, fresh, { flag: 'wx', mode: 0o600 })
    return fresh
  } catch {
    return (await readFile(file, 'utf8')).trim() // it is there already, or reading says what is wrong
  }
}
