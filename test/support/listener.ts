import type { FastifyInstance, RouteOptions } from 'fastify'
import type { AuditEvent } from '../../app/audit/events.ts'
import { createDrain, type Drain } from '../../app/http/drain.ts'
import { createServer, listen, type ServerOptions } from '../../app/http/server.ts'
import { type RecordedLog, recordLog } from './recorded-log.ts'

/** A server on a free port, with what it wrote. */
export interface TestListener extends AsyncDisposable {
  readonly port: number
  readonly server: FastifyInstance
  readonly drain: Drain
  readonly log: RecordedLog
  readonly events: AuditEvent[]
}

/** Starts the listener with its production limits, unless `overrides` says otherwise, and the given routes. */
export async function startListener(
  routes: readonly RouteOptions[] = [],
  overrides: Partial<ServerOptions> = {},
): Promise<TestListener> {
  const log = recordLog()
  const drain = createDrain(log)
  const events: AuditEvent[] = []
  const server = createServer({
    publicUrl: 'http://127.0.0.1',
    trustedProxies: [],
    accessControl: { allow_cidrs: [], deny_cidrs: [] },
    limits: { max_request_bytes: 33_554_432, max_request_header_bytes: 262_144 },
    clientBodyMs: 60_000,
    readiness: { isReady: () => Promise.resolve(true) },
    drain,
    audit: { write: event => void events.push(event) },
    log,
    clock: () => 0,
    ...overrides,
  })
  for (const route of routes) server.route(route)
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  return {
    port,
    server,
    drain,
    log,
    events,
    async [Symbol.asyncDispose]() {
      server.server.closeAllConnections()
      await server.close()
    },
  }
}
