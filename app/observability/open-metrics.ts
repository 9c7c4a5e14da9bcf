// The gateway's own metrics: what begins to count, who may read it, and where it is sent.
import type { RouteOptions } from 'fastify'
import type { Audit } from '../audit/events.ts'
import type { ObservabilityConfig } from '../config/observability.ts'
import type { HttpObserver } from '../http/observer.ts'
import type { IdpObserver } from '../identity/observer.ts'
import type { InferenceObserver } from '../inference/observer.ts'
import type { UsageRecord } from '../inference/usage-record.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { SpendObserver } from '../spend/observer.ts'
import type { StoreObserver } from '../store/observer.ts'
import { countingAudit } from './audit-metrics.ts'
import { type Collect, createCollection } from './collection.ts'
import { CostMetrics, type CostOf } from './cost-metrics.ts'
import { HttpMetrics } from './http-metrics.ts'
import { InferenceMetrics } from './inference-metrics.ts'
import type { MetricsExport } from './metrics-export.ts'
import { openMetricsListener } from './metrics-listener.ts'
import { createMetricsPage } from './metrics-page.ts'
import { metricsRoute } from './metrics-route.ts'
import type { OtlpSender } from './otlp-sender.ts'
import { openProcessMetrics } from './process-metrics.ts'
import { createMeasurements, type Labels, type Measurements } from './series.ts'
import { type Subjects, serviceSources } from './service-metrics.ts'
import { spendMetrics } from './spend-metrics.ts'
import { idpMetrics, storeMetrics } from './wait-metrics.ts'

export interface OpenMetricsOptions {
  /** `gatehouse.observability`. */
  readonly config: ObservabilityConfig
  readonly version: string
  readonly log: Log
  readonly clock: Clock
  /** A clock that only goes forward, for durations. */
  readonly monotonic: Clock
}

/** What counts from before the services are opened that it observes. */
export interface Metrics {
  readonly store: StoreObserver
  readonly idp: IdpObserver
  readonly http: HttpObserver
  readonly spend: SpendObserver
  /** The same audit, listened to. */
  counted(audit: Audit): Audit
  /** Opens the page and begins to send, once everything that is read is open. */
  start(options: StartOptions): Promise<StartedMetrics>
}

export interface StartOptions {
  readonly subjects: Subjects
  /** The catalogue's id for what a client asked for; `other` for what it does not know. */
  readonly modelOf: (requested: string) => string
  readonly costOf: CostOf
  /** What all series have in common. */
  readonly resource: Labels
  /** Null where no collector takes metrics. */
  readonly sender: Pick<OtlpSender, 'send'> | null
}

export interface StartedMetrics extends AsyncDisposable {
  readonly inference: InferenceObserver
  /** Told what each reply used. */
  readonly meter: (record: UsageRecord) => void
  /** The page, where it is a path of the gateway's own listener. */
  readonly route: RouteOptions | null
  /** Where the page has a listener of its own. */
  readonly port: number | null
  /** Hands the last batch to the sender. Never rejects. */
  finish(): Promise<void>
}

/** The path of the page on a listener of its own. */
const OWN_PATH = '/metrics'

/** Begins to count; nothing is opened yet. */
export function createMetrics(options: OpenMetricsOptions): Metrics {
  const { log, monotonic: clock } = options
  const measurements = createMeasurements(log)
  return {
    store: storeMetrics(measurements, clock),
    idp: idpMetrics(measurements, clock),
    http: new HttpMetrics({ measurements, clock }),
    spend: spendMetrics(measurements),
    counted: audit => countingAudit(audit, measurements),
    start: started => start(options, started, measurements),
  }
}

async function start(
  options: OpenMetricsOptions,
  { subjects, modelOf, costOf, resource, sender }: StartOptions,
  measurements: Measurements,
): Promise<StartedMetrics> {
  const { log } = options
  await using opening = new AsyncDisposableStack()
  const process = opening.use(openProcessMetrics(measurements))
  const sources = [...serviceSources(subjects, measurements), process.source]
  const collect = createCollection({ measurements, sources, log })
  const { route, port } = await openPage(options, { collect, resource }, opening)
  const sending = await startSending(options, { collect, resource, sender })
  if (sending !== null) opening.defer(() => sending.end())
  const costs = new CostMetrics({ measurements, costOf, modelOf })
  const opened = opening.move()
  return {
    ...{ inference: new InferenceMetrics({ measurements, modelOf }), route, port },
    meter: record => costs.add(record),
    finish: () => sending?.finish() ?? Promise.resolve(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** OpenTelemetry's own packages are loaded here, and only where something is sent. */
async function startSending(
  { config, version, log, clock }: OpenMetricsOptions,
  { collect, resource, sender }: Pick<StartOptions, 'resource' | 'sender'> & { readonly collect: Collect },
): Promise<MetricsExport | null> {
  if (sender === null || config.otlp?.metrics !== true) return null
  const { startMetricsExport } = await import('./metrics-export.ts')
  return startMetricsExport({
    ...{ collect, sender, clock, log, intervalMs: config.otlp.interval_seconds * 1000 },
    origin: { resource, scope: { name: 'gatehouse', version } },
  })
}

async function openPage(
  { config, log, monotonic: clock }: OpenMetricsOptions,
  read: { readonly collect: Collect; readonly resource: Labels },
  opening: AsyncDisposableStack,
): Promise<Pick<StartedMetrics, 'route' | 'port'>> {
  const { prometheus } = config
  if (prometheus === undefined) return { route: null, port: null }
  const page = createMetricsPage({ ...read, bearer: prometheus.bearer ?? null, clock })
  if (prometheus.port === undefined)
    return { route: metricsRoute(page, prometheus.path ?? OWN_PATH), port: null }
  const { host, port: wanted } = prometheus
  const listening = { page, host, port: wanted, path: OWN_PATH, log, clock }
  const { port } = opening.use(await openMetricsListener(listening))
  log.info(`metrics are served on http://${host}:${port}${OWN_PATH}`)
  return { route: null, port }
}
