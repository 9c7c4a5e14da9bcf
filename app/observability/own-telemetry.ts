import { randomUUID } from 'node:crypto'
import type { RouteOptions } from 'fastify'
import type { Audit } from '../audit/events.ts'
import type { ObservabilityConfig } from '../config/observability.ts'
import type { UpstreamsConfig } from '../config/upstreams.ts'
import type { HttpObserver } from '../http/observer.ts'
import type { InferenceObserver } from '../inference/observer.ts'
import type { UsageRecord } from '../inference/usage-record.ts'
import type { Clock } from '../lib/clock.ts'
import { withDeadline } from '../lib/deadline.ts'
import type { Log } from '../lib/log.ts'
import { createTicker, type Ticker } from '../lib/ticker.ts'
import type { Network } from '../net/network.ts'
import type { CollectorToken } from '../otlp/collector.ts'
import type { SpendObserver } from '../spend/observer.ts'
import type { CostOf } from './cost-metrics.ts'
import { httpObserver, inferenceObserver } from './observers.ts'
import type { Metrics, OpenMetricsOptions } from './open-metrics.ts'
import { type OpenTracesOptions, openTraces } from './open-traces.ts'
import { createOtlpSender, type OtlpSender, type OwnSignal } from './otlp-sender.ts'
import type { Subjects } from './service-metrics.ts'
import type { TraceIdOf } from './traced-lines.ts'

/** What the gateway says about itself. Everything is null, and nothing is loaded, while it is off. */
export interface OwnTelemetry extends AsyncDisposable {
  readonly inference: InferenceObserver | null
  readonly http: HttpObserver | null
  readonly spend: SpendObserver | null
  /** Told what each reply used. */
  readonly meter: ((record: UsageRecord) => void) | null
  /** The trace of a request that runs. */
  readonly traceIdOf: TraceIdOf | null
  /** The page of metrics, where it is a path of the gateway's own listener. */
  readonly metricsRoute: RouteOptions | null
  /** Where the page of metrics has a listener of its own. */
  readonly metricsPort: number | null
  /** The same audit, counted where metrics are on. */
  counted(audit: Audit): Audit
  /** Sends what waits for at most `ms`; the rest is dropped. */
  stop(ms: number): Promise<void>
}

export interface OwnTelemetryOptions {
  /** `gatehouse.observability`; undefined is off. */
  readonly config: ObservabilityConfig | undefined
  /** Null where no metrics are asked for. */
  readonly metrics: Metrics | null
  /** What metrics are read from. */
  readonly subjects: Omit<Subjects, 'own'>
  readonly upstreams: UpstreamsConfig
  readonly modelOf: OpenTracesOptions['modelOf']
  readonly costOf: CostOf
  readonly network: Pick<Network, 'dispatcher'>
  /** The service's own Google credentials; asked for only where the collector needs them. */
  readonly googleToken: () => CollectorToken
  readonly version: string
  readonly log: Log
  readonly clock: Clock
  /** A clock that only goes forward. */
  readonly monotonic: Clock
}

const OFF: OwnTelemetry = {
  ...{
    inference: null,
    http: null,
    spend: null,
    meter: null,
    traceIdOf: null,
    metricsRoute: null,
    metricsPort: null,
  },
  counted: audit => audit,
  stop: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}

/** Loads and begins what counts, before what it observes is opened; null where no metrics are asked for. */
export async function loadMetrics(
  config: ObservabilityConfig | undefined,
  options: Omit<OpenMetricsOptions, 'config'>,
): Promise<Metrics | null> {
  if (config === undefined) return null
  if (config.prometheus === undefined && config.otlp?.metrics !== true) return null
  const { createMetrics } = await import('./open-metrics.ts')
  return createMetrics({ ...options, config })
}

/** Opens what `gatehouse.observability` asks for. */
export async function openOwnTelemetry(options: OwnTelemetryOptions): Promise<OwnTelemetry> {
  const { config, metrics, version, monotonic } = options
  if (config === undefined) return OFF
  await using opening = new AsyncDisposableStack()
  const lost = { metrics: 0, traces: 0 }
  const ticker = createTicker({ clock: monotonic })
  const resource = ownAttributes(config.resource_attributes, version)
  const sender = openSender(options, { ticker, lost })
  if (sender !== null) opening.defer(() => sender.stop(0))
  const started =
    metrics &&
    opening.use(
      await metrics.start({ ...options, subjects: { ...options.subjects, own: lost }, resource, sender }),
    )
  const traced = sender && (await startTraces(options, { sender, ticker, resource, lost }))
  const opened = opening.move()
  return {
    inference: inferenceObserver([started?.inference, traced?.traces].filter(isThere)),
    http: httpObserver([metrics?.http, traced?.traces].filter(isThere)),
    spend: metrics?.spend ?? null,
    meter: started?.meter ?? null,
    traceIdOf: traced && (requestId => traced.traces.traceIdOf(requestId)),
    metricsRoute: started?.route ?? null,
    metricsPort: started?.port ?? null,
    counted: audit => metrics?.counted(audit) ?? audit,
    async stop(ms) {
      const endsAt = monotonic() + ms
      traced?.end()
      if (started !== null) await withDeadline(started.finish(), ms).catch(ignore)
      await sender?.stop(Math.max(0, endsAt - monotonic()))
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

interface Shared {
  readonly ticker: Ticker
  /** How many batches of metrics, and how many spans, did not reach the collector. */
  readonly lost: Record<OwnSignal, number>
}

/** Null where nothing is sent. */
function openSender(options: OwnTelemetryOptions, { ticker, lost }: Shared): OtlpSender | null {
  const { config, network, version, log, clock, monotonic } = options
  const otlp = config?.otlp
  if (otlp === undefined || !(otlp.metrics || otlp.traces)) return null
  return createOtlpSender({
    ...{ config: otlp, version, log, clock: monotonic, wallClock: clock, ticker },
    dispatcher: network.dispatcher({ purpose: 'telemetry', name: "of the gateway's own" }),
    token: otlp.auth === undefined ? null : options.googleToken(),
    dropped: (signal, items) => {
      lost[signal] += items
    },
  })
}

/** Null where nothing is traced. */
async function startTraces(
  options: OwnTelemetryOptions,
  {
    sender,
    ticker,
    resource,
    lost,
  }: Shared & { readonly sender: OtlpSender; readonly resource: Record<string, string> },
) {
  const { config } = options
  if (config?.otlp?.traces !== true) return null
  const { trace_ratio: ratio, url } = config.otlp
  options.log.info('a share of the requests is traced', { ratio, collector: new URL(url).host })
  return openTraces({
    ...{ ...options, sender, ticker },
    ratio,
    linksClients: config.client_traceparent === 'link',
    resourceAttributes: resource,
    dropped: spans => {
      lost.traces += spans
    },
  })
}

function isThere<T>(value: T | null | undefined): value is T {
  return value != null
}

/** The time is over: what was not handed over is lost, and counted nowhere any more. */
function ignore(): void {}

/** What everything that the gateway says about itself carries; the configured attributes come first. */
function ownAttributes(
  configured: Readonly<Record<string, string>>,
  version: string,
): Record<string, string> {
  return {
    ...configured,
    ...{ 'service.name': 'gatehouse', 'service.version': version, 'service.instance.id': randomUUID() },
  }
}
