// One run of the service: open everything, listen, wait for the end, drain, close in reverse.
import { readFileSync } from 'node:fs'
import type { AuditLog } from './audit/log.ts'
import type { Config } from './config/config.ts'
import { usesEntra } from './config/entra-auth.ts'
import type { Environment } from './config/environment.ts'
import { proxyLine } from './config/forward-proxies.ts'
import { usesGoogleCredentials } from './config/google-auth.ts'
import { buildGateway } from './gateway.ts'
import { createDrain, type Drain } from './http/drain.ts'
import { listen } from './http/server.ts'
import type { Clock } from './lib/clock.ts'
import type { Log } from './lib/log.ts'
import { openFilesLimit } from './lib/open-files.ts'
import { reachesMetadata } from './net/metadata-probe.ts'
import type { LandingSection } from './protocol/landing-page.ts'
import { openServices } from './services.ts'

export interface RunOptions {
  readonly config: Config
  /** Whether the file refers to Secret Manager, whose credentials a metadata server may hand out. */
  readonly usesSecrets?: boolean
  readonly environment: Environment
  readonly version: string
  /** Of the configuration's bytes, in hexadecimal; null when it stood in no file. */
  readonly configSha256: string | null
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

/**
 * After the drain window each step of closing gets this much: the streams that were cut, the listener, the services,
 * and, in the process, the last log lines. Together they stay under the 1.5 s that H-31 leaves.
 */
export const CLOSE_STEP_MS = 350

/** Telemetry that waits is sent for this long, while the steps of closing go on. */
const TELEMETRY_MS = 700

/** What a boot that was told to stop has to undo itself (C-36). */
const UNDO_MS = 600

/** Serves until `ending`; resolves when everything is closed. Throws what the boot could not do. */
export async function run(options: RunOptions): Promise<void> {
  const { config, environment, log, audit, ending } = options
  const way = proxyLine(environment.proxies)
  if (way !== null) log.info(way)
  const opening = openServices({ ...options, migrations: options.files.migrations, signal: ending })
  const services = await orGivenUp(opening, ending)
  const drain = createDrain(log)
  try {
    const gateway = { ...options, services, drain, tls: tlsOf(config), protocolFile: options.files.protocol }
    const server = buildGateway(gateway)
    options.beforeListening?.()
    const port = await listen(server, config.listen)
    announce(options, port)
    warnOfSurroundings(options)
    options.onReady?.()
    await aborted(ending)
    services.recording?.hurry()
    const ended = await endRequests(drain, environment.drainTimeoutMs, options)
    const telemetry = services.relay.stop(TELEMETRY_MS)
    await drain.whenIdle(CLOSE_STEP_MS) // what was cut hands over its last whole event
    const ownTelemetry = services.ownTelemetry.stop(CLOSE_STEP_MS) // with everything that was cut in it
    server.server.closeAllConnections()
    const spend = services.recording?.stop(CLOSE_STEP_MS)
    await settled(server.close(), CLOSE_STEP_MS)
    await Promise.all([telemetry, ownTelemetry, spend])
    audit.write({ evt: 'server.stop', signal: String(ending.reason), ...ended })
  } finally {
    await settled(services[Symbol.asyncDispose](), CLOSE_STEP_MS)
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

function announce({ config, environment, version, log }: RunOptions, port: number): void {
  const { listen: at, oidc, upstreams } = config
  const who = [
    ...(oidc.allowed_email_domains ?? []).map(domain => `@${domain}`),
    ...(oidc.allowed_groups ?? []).map(group => `group ${group}`),
  ]
  const proxies = at.trusted_proxies.length === 0 ? 'the socket' : 'X-Forwarded-For of the trusted proxies'
  const { kService: service, kRevision: revision } = environment
  log.info(`gatehouse ${version} listens on ${at.host}:${port}, known as ${at.public_url}`, {
    service,
    revision,
  })
  log.info(`client addresses come from ${proxies}`)
  log.info(`identity provider: ${oidc.issuer}; may sign in: ${who.join(', ') || 'anybody it knows'}`)
  log.info(
    `upstreams, in order: ${upstreams.map(({ name, provider }) => `${name} (${provider})`).join(', ')}`,
  )
  const { managed, telemetry } = config
  const collectors = telemetry?.forward_to.map(({ url }) => new URL(url).host) ?? []
  log.info(`telemetry goes to: ${collectors.join(', ') || 'nobody'}`)
  log.info(`managed settings: ${managed === undefined ? 'none' : `${managed.policies.length} policies`}`)
  log.info('ready')
}

/** Sockets per open request: the client's and the upstream's, and a tenth for everything else (I-71). */
const FILES_PER_REQUEST = 2.2

/** What is wrong with the machine rather than with the file. */
function warnOfSurroundings({ config, usesSecrets = false, environment, log }: RunOptions): void {
  const needed = Math.ceil(config.gatehouse.limits.max_concurrent_inference * FILES_PER_REQUEST)
  const limit = openFilesLimit()
  if (limit !== null && limit < needed) {
    log.warn(
      `the limit of open files is ${limit}, and gatehouse.limits.max_concurrent_inference needs ${needed}: ` +
        'raise it (ulimit -n, LimitNOFILE), or lower the bound',
    )
  }
  if (environment.allowLoopback) return // a machine of a developer's, where it does not matter
  if (usesSecrets || usesGoogleCredentials(config) || usesEntra(config)) return
  reachesMetadata().then(isReachable => {
    if (isReachable)
      log.warn('a cloud metadata server is reachable, and nothing here needs it: block 169.254.169.254')
  })
}

/** Settles like `opening`, or rejects soon after `ending`: a database that went silent is waited for by nobody. */
async function orGivenUp<T extends AsyncDisposable>(opening: Promise<T>, ending: AbortSignal): Promise<T> {
  const undone = aborted(ending).then(() => settled(opening.catch(ignore), UNDO_MS))
  const services = await Promise.race([opening, undone.then(() => null)])
  if (services !== null) return services
  opening.then(late => late[Symbol.asyncDispose]()).catch(ignore)
  throw ending.reason
}

/** What becomes of a boot that was given up is nobody's business any more. */
function ignore(): void {}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}

/** Waits for `work`, but not for ever: the platform kills what is late. */
export async function settled(work: PromiseLike<unknown>, ms: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, late])
  clearTimeout(timer)
}
