// Replicas of a gateway's session endpoints on one database, with the loopback identity provider behind them.
import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import type { AuditEvent } from '../../app/audit/events.ts'
import { type GatehouseConfig, GatehouseSection } from '../../app/config/gatehouse.ts'
import { openSignIn } from '../../app/identity/open-sign-in.ts'
import { deviceHashOf, drawDeviceCode } from '../../app/oauth/device-grant.ts'
import type { IdentityProvider } from '../../app/session/identity-provider.ts'
import { approveGrant, createGrant } from '../../app/store/device-grants.ts'
import { type LoopbackIdp, startIdp } from './idp.ts'
import { ADA, type Manners } from './idp-manners.ts'
import { oidcFor } from './idp-sign-in.ts'
import { administer, createDatabase, type TestDatabase } from './postgres.ts'
import { recordLog } from './recorded-log.ts'
import { type Replica, type ReplicaOptions, startReplica } from './session-replica.ts'

export interface SessionRigOptions extends Partial<Omit<ReplicaOptions, 'session' | 'signIn' | 'idp'>> {
  readonly replicas?: number
  readonly manners?: Partial<Manners>
  readonly settings?: Partial<GatehouseConfig['session']>
  readonly signIn?: Partial<GatehouseConfig['sign_in']>
  /** Comes between the gateway and its identity provider. */
  readonly between?: (idp: IdentityProvider, rig: SessionRig) => IdentityProvider
}

export interface SessionRig extends AsyncDisposable {
  readonly idp: LoopbackIdp
  readonly database: TestDatabase
  readonly replicas: readonly Replica[]
  /** The first replica, for tests that need one. */
  readonly gateway: Replica
  /** Starts another one, as `options` differ. */
  start(options?: SessionRigOptions): Promise<Replica>
  /** A refresh token that the IdP gave `ADA`. */
  idpRefreshToken(): string
  /** The device code of a sign-in that a browser finished; `rt` null: the IdP gave no refresh token. */
  approvedGrant(rt?: string | null): Promise<string>
  /** A collected sign-in. */
  signIn(): Promise<Tokens>
  /** How often the IdP was asked to renew. */
  renewals(): number
  /** Lets `seconds` pass for what the store keeps of refreshes. */
  passTime(seconds: number): Promise<void>
  /** Takes the database away, and gives it back. */
  stopStore(): Promise<void>
  resumeStore(): Promise<void>
}

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
export const IDENTITY = {
  sub: ADA.sub,
  email: 'ada@example.com',
  name: 'Ada Example',
  groups: ['engineering', 'on-call'],
}

export async function openSessionRig(options: SessionRigOptions = {}): Promise<SessionRig> {
  const database = await createDatabase()
  const idp = await startIdp(options.manners)
  const replicas: Replica[] = []
  const rig: SessionRig = {
    ...{ idp, database, replicas },
    get gateway() {
      return replicas[0]! // every rig has at least one
    },
    async start(other = {}) {
      const replica = await startOver(rig, { pool: database.pool, ...options, ...other })
      replicas.push(replica)
      return replica
    },
    idpRefreshToken() {
      const rt = `rt-${randomUUID()}`
      idp.refreshTokens.set(rt, { person: ADA, request: new URLSearchParams() })
      return rt
    },
    approvedGrant: (rt = rig.idpRefreshToken()) => approve(database.pool, rig.gateway, rt),
    async signIn() {
      const answer = await rig.gateway.collect(await rig.approvedGrant())
      return answer.body as Tokens // a collected grant's answer
    },
    renewals: () => idp.requests.filter(({ endpoint }) => endpoint === 'refresh').length,
    async passTime(seconds) {
      await database.pool.query(
        `update session_refresh set shared_at = shared_at - $1 * interval '1 second',
                lease_until = lease_until - $1 * interval '1 second'`,
        [seconds],
      )
    },
    async stopStore() {
      await administer(`alter database ${nameOf(database)} allow_connections false`)
      await administer(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${nameOf(database)}'`,
      )
    },
    async resumeStore() {
      await administer(`alter database ${nameOf(database)} allow_connections true`)
    },
    async [Symbol.asyncDispose]() {
      for (const replica of replicas) await replica[Symbol.asyncDispose]()
      await idp[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
  for (let count = options.replicas ?? 1; count > 0; count -= 1) await rig.start()
  return rig
}

async function startOver(rig: SessionRig, options: SessionRigOptions & { pool: Pool }): Promise<Replica> {
  const { session, sign_in } = GatehouseSection.parse({ session: options.settings, sign_in: options.signIn })
  const clock = options.clock ?? Date.now
  const signIn = await openSignIn({
    ...{ oidc: oidcFor(rig.idp), log: recordLog(), publicUrl: 'https://gateway.example', clock: Date.now },
    ...{ fetch: globalThis.fetch, groupLookup: null, namesGroups: false, priorityGroups: [] },
    timing: { signInMs: 10_000, refreshCallMs: 3_000, bootPauseMs: 0 },
  })
  return startReplica({
    ...options,
    clock,
    session,
    signIn: sign_in,
    idp: options.between?.(signIn, rig) ?? signIn,
  })
}

function nameOf({ url }: TestDatabase): string {
  return url.split('/').at(-1) ?? ''
}

async function approve(pool: Pool, { sealer }: Replica, rt: string | null): Promise<string> {
  const deviceCode = drawDeviceCode()
  const deviceHash = deviceHashOf(deviceCode)
  const userCode = randomUUID().slice(0, 8)
  const facts = { lifetimeSeconds: 600, clientIp: '127.0.0.1', userAgent: '', surface: '' }
  await createGrant(pool, { deviceHash, userCode, ...facts })
  const grant = deviceHash.toString('base64url')
  const browser = { approved_from: '192.0.2.7', cross_address: true, groups_stale: false }
  await approveGrant(
    pool,
    deviceHash,
    await sealer.seal('grant', { grant, identity: IDENTITY, rt, ...browser }),
  )
  return deviceCode
}

/** The events of one kind, without what differs from run to run. */
export function eventsOf(replica: Replica, evt: AuditEvent['evt']): object[] {
  return replica.events
    .filter(event => event.evt === evt)
    .map(event => Object.fromEntries(Object.entries(event).filter(([key]) => key !== 'request_id')))
}
