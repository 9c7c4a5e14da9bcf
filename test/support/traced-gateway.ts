// A whole gateway whose own traces go to a collector of the test.
import type { Collector } from './collector.ts'
import { type DecodedSpan, decodeTraces } from './decoded-traces.ts'
import type { WholeGateway } from './whole-gateway.ts'

/** The section that traces every request to `collector`; keys of `otlp` and beside it may be added or replaced. */
export function tracing(collector: Collector, otlp: object = {}, beside: object = {}) {
  const to = { url: collector.url, metrics: false, traces: true, trace_ratio: 1, ...otlp }
  return { gatehouse: { observability: { otlp: to, ...beside } } }
}

/** Everything that the collector got, once nothing waits any more; the gateway sends nothing afterwards. */
export async function spansOf({ gateway }: WholeGateway, collector: Collector): Promise<DecodedSpan[]> {
  await gateway.services.ownTelemetry.stop(10_000)
  const traces = collector.exports.filter(({ path }) => path === '/v1/traces')
  return traces.flatMap(({ body }) => decodeTraces(body).spans)
}
