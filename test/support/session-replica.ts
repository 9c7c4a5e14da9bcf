// One process' worth of the session endpoints, and a page that only a bearer opens.
import type { Pool } from 'pg'
import type { AuditEvent } from '../../app/audit/events.ts'
import type { GatehouseConfig } from '../../app/config/gatehouse.ts'
import { createDrain, type Drain } from '../../app/http/drain.ts'
import { createServer, listen } from '../../app/http/server.ts'
import type { Clock } from '../../app/lib/clock.ts'
import { createCondition } from '../../app/lib/condition.ts'
import { revoke } from '../../app/oauth/revoke.ts'
import { token } from '../../app/oauth/token.ts'
import { requireBearer } from '../../app/session/bearer.ts'
import type { IdentityProvider } from '../../app/session/identity-provider.ts'
import { createKeyring } from '../../app/session/keyring.ts'
import { Renewals } from '../../app/session/renewal.ts'
import { openRevocations, type Revocations } from '../../app/session/revocations.ts'
import { createSealer, type Sealer } from '../../app/session/seal.ts'
import { createTokens, type Tokens } from '../../app/session/token.ts'
import { type RecordedLog, recordLog } from './recorded-log.ts'
import { DEVICE_CODE_GRANT } from './session-rig.ts'

export const SECRET = 'a secret of the gateway, long enough'
export const PUBLIC_URL = 'https://gateway.example'

export interface ReplicaOptions {
  readonly pool: Pool
  readonly idp: IdentityProvider
  readonly session: GatehouseConfig['session']
  readonly signIn: GatehouseConfig['sign_in']
  readonly clock: Clock
  readonly secrets?: readonly string[]
  readonly ttlHours?: number
  /** How long the store may take, in milliseconds. */
  readonly storeMs?: number
  readonly maxRemembered?: number
  readonly pause?: () => Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Parsed, when it is JSON. */
  readonly body: unknown
}

export interface Replica extends AsyncDisposable {
  readonly port: number
  readonly events: AuditEvent[]
  readonly log: RecordedLog
  readonly sealer: Sealer
  readonly tokens: Tokens
  readonly revocations: Revocations
  readonly drain: Drain
  post(path: string, form: string | Readonly<Record<string, string>>): Promise<Answer>
  collect(deviceCode: string): Promise<Answer>
  refresh(refreshToken: string): Promise<Answer>
  revoke(token: string): Promise<Answer>
  /** Opens the page with a bearer. */
  visit(bearer: string): Promise<Answer>
}

export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const log = recordLog()
  const events: AuditEvent[] = []
  const audit = { write: (event: AuditEvent) => void events.push(event) }
  const drain = createDrain(log)
  const keyring = createKeyring(options.secrets ?? [SECRET])
  const sealer = createSealer(keyring)
  const {
    pool,
    clock,
    idp,
    session,
    signIn,
    ttlHours = 1,
    storeMs = 20_000,
    pause,
    maxRemembered = 1000,
  } = options
  const tokens = createTokens({ keyring, issuer: PUBLIC_URL, ttlHours, clock })
  const idleDays = session.refresh_idle_days
  const revocations = await openRevocations({
    ...{ pool, clock, log, ttlHours, refreshIdleDays: idleDays, bounds: { storeMs, maxRemembered } },
  })
  const graceSeconds = session.refresh_grace_seconds
  const renewals = new Renewals({
    ...{ pool, sealer, idp, clock, log, graceSeconds, idleDays, storeMs, ...(pause && { pause }) },
  })
  const storeSilence = createCondition({ log, clock, text: 'the store does not answer polls of sign-ins' })
  const server = createServer({
    ...{
      publicUrl: PUBLIC_URL,
      trustedProxies: [],
      clientBodyMs: 60_000,
      drain,
      audit,
      log,
      clock: Date.now,
    },
    accessControl: { allow_cidrs: ['127.0.0.1'], deny_cidrs: [] },
    limits: { max_request_bytes: 1 << 20, max_request_header_bytes: 262_144 },
    readiness: { isReady: async () => true },
  })
  const collection = { pool, sealer, tokens, session, signIn, audit, clock, ttlHours, storeSilence, storeMs }
  const refreshing = { settings: session, tokens, sealer, revocations, renewals, clock }
  server.route(token({ collection, refreshing, audit, ttlHours }))
  const toldIdp = session.revoke_at_idp ? idp : null
  const takesRaw = session.refresh_token_mode !== 'wrapped'
  server.route(revoke({ tokens, sealer, revocations, audit, idp: toldIdp, takesRaw }))
  server.route({
    method: 'GET',
    url: '/page',
    onRequest: requireBearer({ tokens, revocations, audit, clock }),
    handler: async request => ({ sub: request.session.identity.sub, sid: request.session.sid }),
  })
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  const ask = asker(`http://127.0.0.1:${port}`)
  return {
    ...{ port, events, log, sealer, tokens, revocations, drain },
    ...{
      post: ask.post,
      collect: device_code => ask.post('/oauth/token', { grant_type: DEVICE_CODE_GRANT, device_code }),
      refresh: refresh_token => ask.post('/oauth/token', { grant_type: 'refresh_token', refresh_token }),
      revoke: value => ask.post('/oauth/revoke', { token: value }),
      visit: bearer => ask.get('/page', { authorization: `Bearer ${bearer}` }),
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
}

function asker(origin: string) {
  const send = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(origin + path, init)
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
  }
  return {
    get: (path: string, headers: Record<string, string>) => send(path, { headers }),
    post: (path: string, form: string | Readonly<Record<string, string>>) =>
      send(path, { method: 'POST', body: new URLSearchParams(form) }),
  }
}
