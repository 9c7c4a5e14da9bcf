// `npm start` without a config: a database, an identity provider and a model of the project's own, and the
// gateway in front of them, configured through the same validation as any other.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Environment } from '../config/environment.ts'
import { type LoadedConfig, type ParseOptions, parseConfigText } from '../config/load.ts'
import { html } from '../http/page.ts'
import type { LandingSection } from '../protocol/landing-page.ts'
import { startIdentityProvider } from './identity-provider.ts'
import { startStandInModel } from './model.ts'
import { PEOPLE } from './people.ts'
import { startPostgres } from './postgres.ts'
import { type Recipe, writeRecipe } from './recipe.ts'

export interface Development {
  /** What development mode decides in place of the environment. */
  readonly environment: Pick<Environment, 'allowLoopback'>
  readonly landingSections: readonly LandingSection[]
  /** Judges the generated configuration as a file would be. */
  load(options: ParseOptions): LoadedConfig
  /** Prints what to do next. */
  announce(): void
  close(): Promise<void>
}

export interface DevelopmentOptions {
  readonly environment: Environment
  /** Holds everything that outlives a run. */
  readonly folder: string
  readonly print: (text: string) => void
}

const DEFAULT_PORT = 8080
const CLIENT_ID = 'gatehouse-development'

/** Starts what stands around the gateway. */
export async function openDevelopment(options: DevelopmentOptions): Promise<Development> {
  const { environment, folder, print } = options
  await mkdir(folder, { recursive: true })
  const port = await freePort(typeof environment.port === 'number' ? environment.port : DEFAULT_PORT)
  const publicUrl = `http://127.0.0.1:${port}`
  const clientSecret = randomBytes(24).toString('base64url')
  await using opening = new AsyncDisposableStack()
  const [postgres, idp, model, jwtSecret] = await Promise.all([
    startPostgres({ folder: join(folder, 'postgres'), persistent: true }).then(server => opening.use(server)),
    startIdentityProvider({
      clientId: CLIENT_ID,
      clientSecret,
      redirectUri: `${publicUrl}/oauth/callback`,
      people: PEOPLE,
    }).then(server => opening.use(server)),
    hasApiKey(environment) ? null : startStandInModel().then(server => opening.use(server)),
    keptSecret(join(folder, 'jwt-secret')),
  ])
  const text = configText({
    ...{ port, publicUrl, clientSecret, jwtSecret },
    issuer: idp.issuer,
    postgresUrl: postgres.url,
    modelUrl: model?.url ?? null,
  })
  const recipe = writeRecipe({ publicUrl, people: PEOPLE })
  const opened = opening.move()
  return {
    environment: { allowLoopback: true },
    landingSections: landingSections(recipe, model !== null),
    load: parse => ({
      ...parseConfigText(text, parse),
      path: 'development defaults',
      sha256: createHash('sha256').update(text).digest('hex'),
    }),
    announce: () => print(announcement(publicUrl, recipe, model !== null)),
    close: () => opened.disposeAsync(),
  }
}

interface Facts {
  readonly port: number
  readonly publicUrl: string
  readonly issuer: string
  readonly clientSecret: string
  readonly jwtSecret: string
  readonly postgresUrl: string
  /** Null: the Anthropic API, with the key of the environment. */
  readonly modelUrl: string | null
}

function configText(facts: Facts): string {
  const upstream =
    facts.modelUrl === null
      ? { provider: 'anthropic', auth: { api_key: '${ANTHROPIC_API_KEY}' } }
      : {
          provider: 'anthropic',
          name: 'stand-in',
          base_url: facts.modelUrl,
          auth: { api_key: 'none-needed' },
        }
  // JSON is YAML, and its strings need no second thought.
  return JSON.stringify(
    {
      listen: { host: '127.0.0.1', port: facts.port, public_url: facts.publicUrl },
      oidc: {
        issuer: facts.issuer,
        client_id: CLIENT_ID,
        client_secret: facts.clientSecret,
        allowed_email_domains: ['example.com'],
        scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
      },
      session: { jwt_secret: facts.jwtSecret },
      store: { postgres_url: facts.postgresUrl },
      upstreams: [upstream],
    },
    null,
    1,
  )
}

function hasApiKey(environment: Environment): boolean {
  return (environment.variable('ANTHROPIC_API_KEY') ?? '') !== ''
}

/** A secret that survives a restart, so that sessions do too. */
async function keptSecret(file: string): Promise<string> {
  const fresh = randomBytes(32).toString('base64url')
  try {
    await writeFile(file, fresh, { flag: 'wx', mode: 0o600 })
    return fresh
  } catch {
    return (await readFile(file, 'utf8')).trim() // it is there already, or reading says what is wrong
  }
}

/** `preferred` when nobody listens there, else any free port. */
async function freePort(preferred: number): Promise<number> {
  const tried = await bindable(preferred)
  return tried ?? (await bindable(0)) ?? preferred
}

function bindable(port: number): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>()
  const server = createServer()
  server.once('error', () => resolve(null))
  server.listen(port, '127.0.0.1', () => {
    const address = server.address()
    const bound = typeof address === 'object' && address !== null ? address.port : port
    server.close(() => resolve(bound))
  })
  return promise
}

function modelSentence(isStandIn: boolean): string {
  return isStandIn
    ? 'Answers come from a stand-in model. Set ANTHROPIC_API_KEY and start again for the real one.'
    : 'Answers come from the Anthropic API, with the key of ANTHROPIC_API_KEY.'
}

function landingSections(recipe: Recipe, isStandIn: boolean): LandingSection[] {
  return [
    {
      heading: 'Development mode',
      body: html`<p>${modelSentence(isStandIn)} There is no Admin API yet, so there are no admin keys.</p>`,
    },
    {
      heading: 'People who can sign in',
      body: html`<table><thead><tr><th>Address</th><th>Password</th><th>Who</th><th>Groups</th></tr></thead><tbody>${recipe.people.map(
        person =>
          html`<tr><td>${person.email}</td><td><code translate="no">${person.password}</code></td><td>${person.role}</td><td>${person.groups.join(', ')}</td></tr>`,
      )}</tbody></table>`,
    },
    {
      heading: 'The whole device flow with curl',
      body: html`<pre><code translate="no">${recipe.curl}</code></pre>`,
    },
  ]
}

function announcement(publicUrl: string, recipe: Recipe, isStandIn: boolean): string {
  const width = Math.max(...recipe.people.map(({ email }) => email.length))
  const people = recipe.people.map(
    ({ email, password, role, groups }) =>
      `  ${email.padEnd(width)}  ${password}  ${role}${groups.length > 0 ? ` (${groups.join(', ')})` : ''}`,
  )
  return `
Gatehouse is ready: ${publicUrl}
${modelSentence(isStandIn)}

People who can sign in (address, password, who, groups):
${people.join('\n')}

Claude Code: place these managed settings, then sign in.

${recipe.claude}

curl: the whole device flow and a streamed answer. Paste it as it is.

${recipe.curl}

There is no Admin API yet, so there are no admin keys. Ctrl-C stops everything.
`
}
