import { randomUUID } from 'node:crypto'
import type { ObservabilityConfig } from '../config/observability.ts'
import type { UpstreamsConfig } from '../config/upstreams.ts'
import type { HttpObserver } from '../http/observer.ts'
import type { InferenceObserver } from '../inference/observer.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createTicker } from '../lib/ticker.ts'
import type { Network } from '../net/network.ts'
import type { CollectorToken } from '../otlp/collector.ts'
import { httpObserver, inferenceObserver } from './observers.ts'
import { type OpenTracesOptions, openTraces } from './open-traces.ts'
import { createOtlpSender, type OwnSignal } from './otlp-sender.ts'
import type { TraceIdOf } from './traced-lines.ts'

/** What the gateway says about itself. Everything is null, and nothing is loaded, while it is off. */
export interface OwnTelemetry {
  readonly inference: InferenceObserver | null
  readonly http: HttpObserver | null
  /** The trace of a request that runs. */
  readonly traceIdOf: TraceIdOf | null
  /** How many metrics and spans did not reach the collector. */
  readonly dropped: Readonly<Record<OwnSignal, number>>
  /** Sends what waits for at most `ms`; the rest is dropped. */
  stop(ms: number): Promise<void>
}

export interface OwnTelemetryOptions {
  /** `gatehouse.observability`; undefined is off. */
  readonly config: ObservabilityConfig | undefined
  readonly upstreams: UpstreamsConfig
  readonly modelOf: OpenTracesOptions['modelOf']
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
  ...{ inference: null, http: null, traceIdOf: null, dropped: { metrics: 0, traces: 0 } },
  stop: () => Promise.resolve(),
}

/** Opens what `gatehouse.observability` asks for. */
export async function openOwnTelemetry(options: OwnTelemetryOptions): Promise<OwnTelemetry> {
  const { config, network, version, monotonic } = options
  const otlp = config?.otlp
  if (config === undefined || otlp?.traces !== true) return OFF
  const ticker = createTicker({ clock: monotonic })
  const dropped = { metrics: 0, traces: 0 }
  const sender = createOtlpSender({
    ...{ config: otlp, version, log: options.log, clock: monotonic, ticker },
    dispatcher: network.dispatcher({ purpose: 'telemetry', name: "of the gateway's own" }),
    token: otlp.auth === undefined ? null : options.googleToken(),
    dropped: (signal, items) => {
      dropped[signal] += items
    },
  })
  const { traces, flush } = await openTraces({
    ...{ ...options, sender, ticker },
    ratio: otlp.trace_ratio,
    linksClients: config.client_traceparent === 'link',
    resourceAttributes: ownAttributes(config.resource_attributes, version),
    dropped: spans => {
      dropped.traces += spans
    },
  })
  return {
    inference: inferenceObserver([traces]),
    http: httpObserver([traces]),
    traceIdOf: requestId => traces.traceIdOf(requestId),
    dropped,
    stop(ms) {
      flush()
      return sender.stop(ms)
    },
  }
}

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
