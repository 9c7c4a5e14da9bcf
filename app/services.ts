// What outlives a request: opened in the order of the boot, closed in reverse.
import { totalmem } from 'node:os'
import type { Pool } from 'pg'
import type { AuditLog } from './audit/log.ts'
import type { Config } from './config/config.ts'
import type { Environment } from './config/environment.ts'
import { readLocalFile } from './config/local-file.ts'
import { lookupSetup } from './identity/google/lookup-setup.ts'
import { openGoogleGroups } from './identity/open-google-groups.ts'
import { openSignIn } from './identity/open-sign-in.ts'
import type { SignIn } from './identity/sign-in.ts'
import { type Capacity, createCapacity, defaultBufferedBytes } from './inference/capacity.ts'
import type { Catalog } from './inference/catalog.ts'
import { openCatalog } from './inference/open-catalog.ts'
import { Routing } from './inference/routing/routing.ts'
import { openUpstreams } from './inference/upstreams/open.ts'
import type { Upstream } from './inference/upstreams/upstream.ts'
import type { Clock } from './lib/clock.ts'
import type { Log } from './lib/log.ts'
import { namedGroups } from './managed/named-groups.ts'
import { openPolicies, type PolicySet } from './managed/policy-set.ts'
import { openSettingsDrift, type SettingsDrift } from './managed/settings-drift.ts'
import { CONTRACT } from './managed/settings-route.ts'
import { guardedFetch } from './net/fetch.ts'
import { createGoogleAccess } from './net/google-access.ts'
import { createGoogleToken } from './net/google-token.ts'
import { type Network, openNetwork } from './net/network.ts'
import { idpProxyUse } from './net/proxy-use.ts'
import type { Metrics } from './observability/open-metrics.ts'
import { loadMetrics, type OwnTelemetry, openOwnTelemetry } from './observability/own-telemetry.ts'
import { openPrices, openRecording, type Prices } from './services/recording.ts'
import { type OpenReserving, openReserving } from './services/reserving.ts'
import { openSpendReader } from './services/spend-reader.ts'
import { createKeyring } from './session/keyring.ts'
import { LastSeen, notingMints } from './session/last-seen.ts'
import { Renewals } from './session/renewal.ts'
import { openRevocations, type Revocations } from './session/revocations.ts'
import { createSealer, type Sealer } from './session/seal.ts'
import { createTokens, type Tokens } from './session/token.ts'
import type { AlertDelivery } from './spend/alert-delivery.ts'
import { openAlertDelivery } from './spend/open-alerts.ts'
import type { Recording } from './spend/recording.ts'
import type { SpendReader } from './spend/spend-reader.ts'
import { connectAtBoot } from './store/connect.ts'
import { migrate } from './store/migrate.ts'
import { createReadiness, type Readiness } from './store/readiness.ts'
import { examineSpend } from './store/spend-at-boot.ts'
import { startSweeper } from './store/sweeper.ts'
import { openRelay, type Relay } from './telemetry/relay.ts'

export interface ServicesOptions {
  readonly config: Config
  readonly environment: Pick<Environment, 'allowLoopback' | 'proxies' | 'azureClientId'>
  readonly version: string
  /** Of the configuration's bytes, in hexadecimal; null when it stood in no file. */
  readonly configSha256: string | null
  readonly audit: Pick<AuditLog, 'dropped' | 'flush' | 'write'>
  /** The folder of the numbered .sql files. */
  readonly migrations: string
  readonly log: Log
  readonly clock: Clock
  /** A clock that only goes forward, for durations. */
  readonly monotonic: Clock
  /** Gives the boot up; what was opened is closed. */
  readonly signal: AbortSignal
}

export interface Services extends AsyncDisposable {
  readonly pool: Pool
  readonly readiness: Readiness
  readonly signIn: SignIn
  readonly sealer: Sealer
  readonly tokens: Tokens
  readonly revocations: Revocations
  readonly renewals: Renewals
  readonly lastSeen: LastSeen
  /** Null without `admin`. */
  readonly spendReader: SpendReader | null
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly routing: Routing
  readonly catalog: Catalog
  readonly policies: PolicySet
  /** Null unless `gatehouse.policy.settings_drift` is `report`. */
  readonly settingsDrift: SettingsDrift | null
  readonly relay: Relay
  readonly capacity: Capacity
  /** Null unless `gatehouse.spend.alert_webhook` is set. */
  readonly alertDelivery: AlertDelivery | null
  readonly ownTelemetry: OwnTelemetry
  /** Null without `admin`. */
  readonly recording: Recording | null
  /** Null unless `gatehouse.spend.reserve` is on. */
  readonly reserving: OpenReserving | null
}

/** Opens the store, the identity provider and the upstreams; throws a sentence for the operator when one fails. */
export async function openServices(options: ServicesOptions): Promise<Services> {
  await using opening = new AsyncDisposableStack()
  const metrics = await loadMetrics(options.config.gatehouse.observability, options)
  const network = openNetwork(options.environment)
  opening.defer(() => network.close())
  const { pool, readiness, spendReader } = await openStore(options, { opening, network, metrics })
  const relay = openTelemetry(options, network)
  opening.defer(() => relay.stop(0)) // after a run that ended in order there is nothing left to stop
  const signIn = await openSignInThrough(options, { network, pool, metrics })
  const sessions = await openSessions(options, { pool, signIn })
  opening.defer(() => sessions.revocations.close())
  opening.defer(() => sessions.lastSeen.close())
  const inference = openInference(options, network)
  const settingsDrift = await openDrift(options, { pool, policies: inference.policies })
  opening.defer(() => settingsDrift?.close())
  const alertDelivery = openAlerts(options, { network, pool })
  opening.defer(() => alertDelivery?.close())
  const { catalog } = inference
  const prices = openPrices({ ...options, catalog })
  const recording = openRecording({
    ...{ ...options, pool, catalog, prices, alertDelivery },
    audit: metrics?.counted(options.audit) ?? options.audit,
    auditWritten: () => options.audit.flush(),
    observer: metrics?.spend ?? null,
  })
  opening.defer(() => recording?.stop(0)) // as above
  const reserving = openReserving({
    ...{ ...options, pool, catalog, opening },
    ...{ pricing: prices.pricing, observer: metrics?.store ?? null },
  })
  const observed = {
    ...inference,
    network,
    metrics,
    relay,
    pool,
    readiness,
    prices,
    recording,
    alertDelivery,
  }
  const ownTelemetry = opening.use(await openOwn(options, observed))
  const store = { pool, readiness, spendReader, recording, reserving, alertDelivery }
  const services = { ...store, ...sessions, ...inference, relay, signIn, settingsDrift, ownTelemetry }
  const opened = opening.move()
  return { ...services, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function openStore(
  options: ServicesOptions,
  { opening, network, metrics }: { opening: AsyncDisposableStack; network: Network; metrics: Metrics | null },
) {
  const { config, log, clock, monotonic, signal } = options
  const observer = metrics?.store ?? null
  const asksSpend = config.admin !== undefined
  const { cloud_sql: instance } = config.gatehouse
  const cloudSql = instance && { config: instance, google: createGoogleAccess(network) }
  const connecting = { log, clock, signal, observer, cloudSql, asksSpend }
  const { pool, spend, probe, key, close } = await connectAtBoot(config.store, connecting)
  opening.defer(close)
  const spendReader = openSpendReader({ config, pool: spend, monotonic, opening })
  await migrate(pool, { folder: options.migrations, log, signal, key })
  const isLoadTest = config.load_test_mode?.enabled === true
  await examineSpend(pool, { isMetered: config.admin !== undefined, isLoadTest, log, clock })
  const retention = { admin: config.admin, spend: config.gatehouse.spend }
  const sweeper = startSweeper({ pool, log, clock, retention, observer })
  opening.defer(() => sweeper.stop())
  const graceSeconds = config.store.readiness_grace_seconds
  return { pool, spendReader, readiness: createReadiness({ probe, log, clock, graceSeconds }) }
}

/** What an answer of the identity provider may take, and how long it may be (H-33, H-34). */
const IDP_MS = 10_000
const IDP_BYTES = 1024 * 1024

function openSignInThrough(
  options: ServicesOptions,
  { network, pool, metrics }: { network: Network; pool: Pool; metrics: Metrics | null },
): Promise<SignIn> {
  const { config, log, clock, signal } = options
  const proxy = idpProxyUse(config.oidc.use_proxy)
  const dispatcher = network.dispatcher({ purpose: 'idp', ca: config.oidc.ca_cert_pem, proxy })
  const setup = lookupSetup(config.oidc, config.gatehouse)
  const named = namedGroups(config)
  return openSignIn({
    ...{ log, clock, signal, oidc: config.oidc, publicUrl: config.listen.public_url },
    fetch: guardedFetch({ dispatcher, totalMs: IDP_MS, maxBytes: IDP_BYTES }),
    groupLookup:
      setup && openGoogleGroups({ ...{ setup, network, pool, log, clock }, readFile: readLocalFile, named }),
    observer: metrics?.idp ?? null,
    namesGroups: named.length > 0,
    priorityGroups: named,
  })
}

async function openSessions(
  { config, log, clock }: ServicesOptions,
  { pool, signIn }: { pool: Pool; signIn: SignIn },
) {
  const { refresh_grace_seconds: graceSeconds, refresh_idle_days: idleDays } = config.gatehouse.session
  const { ttl_hours: ttlHours, jwt_secret: secrets } = config.session
  const keyring = createKeyring(secrets)
  const sealer = createSealer(keyring)
  const lastSeen = new LastSeen({ pool, clock, log })
  const minting = createTokens({ keyring, issuer: config.listen.public_url, ttlHours, clock })
  const tokens = notingMints(minting, lastSeen)
  const revocations = await openRevocations({ pool, clock, log, ttlHours, refreshIdleDays: idleDays })
  revocations.start()
  const renewals = new Renewals({ ...{ pool, sealer, clock, log, graceSeconds, idleDays }, idp: signIn })
  return { sealer, tokens, revocations, renewals, lastSeen }
}

function openTelemetry({ config, version, log, clock, monotonic }: ServicesOptions, network: Network): Relay {
  return openRelay({
    ...{ telemetry: config.telemetry, bounds: config.gatehouse.telemetry, network, version, log },
    ...{ clock: monotonic, wallClock: clock },
    googleToken: () => createGoogleToken({ network, log, clock }),
  })
}

function openInference({ config, environment, version, log, monotonic }: ServicesOptions, network: Network) {
  const upstreams = openUpstreams({
    ...{ upstreams: config.upstreams, network, version, clock: monotonic, log },
    ttfbMs: config.timeouts.upstream_ttfb_ms,
    azureClientId: environment.azureClientId,
    takesTags: config.admin?.billing_group_tag === undefined,
  })
  const routing = new Routing({
    ...{ config: config.gatehouse.routing, upstreams: upstreams.keys(), random: Math.random },
    ...{ hasOwnTtfb: config.timeouts.upstream_ttfb_ms !== undefined, clock: monotonic, log },
  })
  const catalog = openCatalog(config)
  const bounds = config.gatehouse.limits
  const capacity = createCapacity({
    maxConcurrent: bounds.max_concurrent_inference,
    maxBufferedBytes: bounds.max_buffered_request_bytes ?? defaultBufferedBytes(memoryLimit()),
    ...{ log, clock: monotonic, random: Math.random },
  })
  return { upstreams, routing, catalog, capacity, policies: openPolicies(config, catalog) }
}

interface Observed {
  readonly network: Network
  readonly metrics: Metrics | null
  readonly catalog: Catalog
  readonly routing: Routing
  readonly relay: Relay
  readonly capacity: Capacity
  readonly pool: Pool
  readonly readiness: Readiness
  readonly prices: Prices
  readonly recording: Recording | null
  readonly alertDelivery: AlertDelivery | null
}

function openOwn(options: ServicesOptions, observed: Observed): Promise<OwnTelemetry> {
  const { config, version, configSha256, audit, log, clock, monotonic } = options
  const { network, metrics, catalog, prices } = observed
  return openOwnTelemetry({
    ...{ config: config.gatehouse.observability, metrics, upstreams: config.upstreams, network, version },
    ...{ log, clock, monotonic },
    subjects: {
      ...observed,
      spendQueue: observed.recording,
      audit,
      facts: { version, contract: CONTRACT, configSha256 },
    },
    modelOf: requested => catalog.resolve(requested)?.id ?? 'other',
    costOf: prices.costOf,
    googleToken: () => createGoogleToken({ network, log, clock }),
  })
}

async function openDrift(
  { config, log, clock }: ServicesOptions,
  { pool, policies }: Pick<Services, 'pool' | 'policies'>,
): Promise<SettingsDrift | null> {
  const { settings_drift, accepted_checksums: accepted } = config.gatehouse.policy
  return settings_drift === 'off' ? null : openSettingsDrift({ pool, policies, accepted, clock, log })
}

function openAlerts(
  { config, version, log, clock }: ServicesOptions,
  { network, pool }: { network: Network; pool: Pool },
): AlertDelivery | null {
  const webhook = config.gatehouse.spend.alert_webhook
  return openAlertDelivery({ webhook, network, pool, version, log, clock, random: Math.random })
}

/** Bytes: the container's limit where there is one. */
function memoryLimit(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}
