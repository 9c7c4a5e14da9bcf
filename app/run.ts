// One run of the service: open everything, listen, wait for the end, drain, close in reverse.
import { readFileSync } from 'node:fs'
import type { AuditLog } from './audit/log.ts'
import type { Config } from './config/config.ts'
import type { Environment } from './config/environment.ts'
import { buildGateway } from './gateway.ts'
import { createDrain, type Drain } from './http/drain.ts'
import { listen } from './http/server.ts'
import type { Clock } from './lib/clock.ts'
import type { Log } from './lib/log.ts'
import type { LandingSection } from './protocol/landing-page.ts'
import { openServices } from './services.ts'

export interface RunOptions {
  readonly config: Config
  readonly environment: Environment
  readonly version: string
  /** The folder of the numbered .sql files, and the file of the wire contract. */
  readonly files: { readonly migrations: string; readonly protocol: string }
  readonly landingSections: readonly LandingSection[]
  readonly audit: AuditLog
  readonly log: Log
  readonly clock: Clock
  /** A clock that only goes forward, for durations. */
  readonly monotonic: Clock
  /** Aborted by the first signal; its reason is the signal's name. */
  readonly ending: AbortSignal
  /** Called when everything is open but the port. */
  readonly beforeListening?: () => void
  /** Called once the port is open. */
  readonly onReady?: () => void
}

/** After the drain window this much is left for what must be written and closed (H-31). */
const CLOSE_MS = 1_500

/** Serves until `ending`; resolves when everything is closed. Throws what the boot could not do. */
export async function run(options: RunOptions): Promise<void> {
  const { config, environment, log, audit, ending } = options
  const services = await openServices({ ...options, migrations: options.files.migrations, signal: ending })
  const drain = createDrain(log)
  try {
    const gateway = { ...options, services, drain, tls: tlsOf(config), protocolFile: options.files.protocol }
    const server = buildGateway(gateway)
    options.beforeListening?.()
    const port = await listen(server, config.listen)
    announce(options, port)
    options.onReady?.()
    await aborted(ending)
    const cut = await endRequests(drain, environment.drainTimeoutMs, options)
    server.server.closeAllConnections()
    await within(CLOSE_MS, server.close())
    audit.write({ evt: 'server.stop', signal: String(ending.reason), ...cut })
  } finally {
    await within(CLOSE_MS, services[Symbol.asyncDispose]())
  }
}

/** Lets what runs finish, for as long as the window lasts; then cuts it. */
async function endRequests(drain: Drain, windowMs: number, { monotonic, log }: RunOptions) {
  const began = monotonic()
  log.info(`stopping: ${drain.running} requests run, and may for ${windowMs} ms`)
  drain.begin()
  const isIdle = await drain.whenIdle(windowMs)
  const cut = isIdle ? 0 : drain.cut(windowMs)
  return { cut, drained_ms: Math.round(monotonic() - began) }
}

function tlsOf(config: Config): { cert: string; key: string } | undefined {
  const files = config.listen.tls
  if (files === undefined) return undefined
  return { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') }
}

function announce({ config, version, log }: RunOptions, port: number): void {
  const { listen: at, oidc, upstreams } = config
  const who = [
    ...(oidc.allowed_email_domains ?? []).map(domain => `@${domain}`),
    ...(oidc.allowed_groups ?? []).map(group => `group ${group}`),
  ]
  const proxies = at.trusted_proxies.length === 0 ? 'the socket' : 'X-Forwarded-For of the trusted proxies'
  log.info(`gatehouse ${version} listens on ${at.host}:${port}, known as ${at.public_url}`)
  log.info(`client addresses come from ${proxies}`)
  log.info(`identity provider: ${oidc.issuer}; may sign in: ${who.join(', ') || 'anybody it knows'}`)
  log.info(
    `upstreams, in order: ${upstreams.map(({ name, provider }) => `${name} (${provider})`).join(', ')}`,
  )
  log.info('telemetry: not there yet; managed settings: not there yet')
  log.info('ready')
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}

/** Waits for `work`, but not for ever: the platform kills what is late. */
async function within(ms: number, work: PromiseLike<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, late])
  clearTimeout(timer)
}
