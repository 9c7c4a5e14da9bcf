// A whole gateway as the process runs it: real listener, database, identity provider and upstream, on loopback.
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { AuditEvent } from '../../app/audit/events.ts'
import { readEnvironment } from '../../app/config/environment.ts'
import { parseConfigText } from '../../app/config/load.ts'
import { readLocalFile } from '../../app/config/local-file.ts'
import { problemReport } from '../../app/config/problems.ts'
import { buildGateway } from '../../app/gateway.ts'
import { createDrain, type Drain } from '../../app/http/drain.ts'
import { listen } from '../../app/http/server.ts'
import { builtinNames } from '../../app/inference/model-names.ts'
import { type Clock, steadyClock, systemClock } from '../../app/lib/clock.ts'
import { policyWarnings } from '../../app/managed/warnings.ts'
import { judgeHost } from '../../app/net/ssrf-guard.ts'
import { openServices, type Services } from '../../app/services.ts'
import { recordLog } from './recorded-log.ts'

export const CLIENT_ID = 'gatehouse'
export const CLIENT_SECRET = 'marked-client-secret-0123456789'
export const JWT_SECRET = 'marked-jwt-secret-0123456789abcdefghij'
export const API_KEY = 'marked-upstream-api-key'

export interface GatewaySettings {
  /** From `freePort`: the identity provider must know the redirect URI before the gateway starts. */
  readonly port: number
  readonly issuer: string
  readonly databaseUrl: string
  readonly upstreamUrls: readonly string[]
  /** Sections to add to or to replace in the generated configuration. */
  readonly sections?: Readonly<Record<string, unknown>>
  readonly clock?: Clock
  /** A clock that only goes forward. */
  readonly monotonic?: Clock
}

export interface Gateway extends AsyncDisposable {
  readonly url: string
  readonly services: Services
  readonly drain: Drain
  readonly events: readonly AuditEvent[]
  readonly lines: readonly string[]
}

/** The generated configuration, as text. */
export function gatewayConfig(settings: GatewaySettings): string {
  return JSON.stringify({
    listen: { host: '127.0.0.1', port: settings.port },
    oidc: {
      issuer: settings.issuer,
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      allowed_email_domains: ['example.com'],
    },
    session: { jwt_secret: JWT_SECRET },
    store: { postgres_url: settings.databaseUrl },
    upstreams: settings.upstreamUrls.map((base_url, index) => ({
      ...{ provider: 'anthropic', name: `upstream-${index + 1}`, base_url },
      auth: { api_key: API_KEY },
    })),
    ...settings.sections,
  })
}

/** Boots it in this process; everything is closed at the end of the scope. */
export async function startGateway(settings: GatewaySettings): Promise<Gateway> {
  const clock = settings.clock ?? systemClock
  const environment = readEnvironment({ CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' })
  const facts = {
    environment,
    readFile: readLocalFile,
    now: clock(),
    judgeHost,
    builtins: builtinNames(),
    judgePolicies: policyWarnings,
  }
  const loaded = parseConfigText(gatewayConfig(settings), facts)
  if (loaded.kind !== 'loaded') {
    throw new Error(loaded.kind === 'refused' ? problemReport('test', loaded.problems) : 'incomplete')
  }
  const log = recordLog()
  const events: AuditEvent[] = []
  const audit = {
    write: (event: AuditEvent) => void events.push(JSON.parse(JSON.stringify(event))),
    flush: async () => {},
    dropped: 0,
  }
  const { config } = loaded
  const shared = {
    config,
    environment,
    log,
    clock,
    monotonic: settings.monotonic ?? steadyClock,
    version: '0.0.0-test',
    configSha256: createHash('sha256').update(gatewayConfig(settings)).digest('hex'),
    audit,
  }
  const services = await openServices({
    ...shared,
    migrations: fileURLToPath(new URL('../../app/store/migrations', import.meta.url)),
    signal: new AbortController().signal,
  })
  const drain = createDrain(log)
  const server = buildGateway({
    ...{ ...shared, services, drain },
    protocolFile: fileURLToPath(new URL('../../app/protocol/protocol.md', import.meta.url)),
  })
  await listen(server, config.listen)
  return {
    ...{ url: config.listen.public_url, services, drain, events, lines: log.lines },
    async [Symbol.asyncDispose]() {
      server.server.closeAllConnections()
      await server.close()
      await services[Symbol.asyncDispose]()
    },
  }
}
