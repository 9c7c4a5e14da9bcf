// The OpenTelemetry project's own SDK, exporting through a whole gateway.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import {
  AggregationTemporality,
  type InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import { startCollector } from '../support/collector.ts'
import { openWholeGateway } from '../support/whole-gateway.ts'

type Done = Parameters<InMemoryMetricExporter['export']>[1]

/** What the project's exporter over HTTP does: serialise, post, and read the answer as its own message. */
class HttpExporter implements PushMetricExporter {
  readonly #serializer: typeof JsonMetricsSerializer
  readonly #post: (body: Uint8Array) => Promise<Uint8Array>
  readonly sent: Uint8Array[] = []
  readonly answers: unknown[] = []

  constructor(serializer: typeof JsonMetricsSerializer, post: (body: Uint8Array) => Promise<Uint8Array>) {
    this.#serializer = serializer
    this.#post = post
  }

  export(metrics: ResourceMetrics, done: Done): void {
    const body = this.#serializer.serializeRequest(metrics)
    assert.ok(body)
    this.sent.push(body)
    this.#post(body).then(
      answer => {
        this.answers.push(this.#serializer.deserializeResponse(answer))
        done({ code: 0 })
      },
      (error: Error) => done({ code: 1, error }),
    )
  }

  selectAggregationTemporality(): AggregationTemporality {
    return AggregationTemporality.DELTA
  }

  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

const KINDS = [
  ['application/x-protobuf', ProtobufMetricsSerializer],
  ['application/json', JsonMetricsSerializer],
] as const

for (const [type, serializer] of KINDS) {
  test(`the OpenTelemetry SDK exports ${type}, reports no error, and the collector has its very bytes`, async () => {
    await using collector = await startCollector()
    await using whole = await openWholeGateway({
      sections: { telemetry: { forward_to: [{ url: collector.url }] } },
    })
    const { access_token: bearer } = await whole.tokens()
    const exporter = new HttpExporter(serializer, async body => {
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': type }
      const reply = await fetch(`${whole.gateway.url}/v1/metrics`, {
        ...{ method: 'POST', headers, body: new Uint8Array(body) },
      })
      assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, type])
      return new Uint8Array(await reply.arrayBuffer())
    })
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
    const provider = new MeterProvider({ readers: [reader] })
    const counter = provider.getMeter('test').createCounter('claude_code.token.usage')

    counter.add(7, { type: 'input' })
    await provider.forceFlush() // rejects when the exporter reports a failure
    counter.add(9, { type: 'output' })
    await provider.shutdown()

    const received = await collector.received(exporter.sent.length)
    assert.deepEqual(
      received.map(({ path, headers }) => [path, headers['content-type']]),
      exporter.sent.map(() => ['/v1/metrics', type]),
    )
    const arrived = received.map(({ body }) => body.toString('base64')).sort()
    assert.deepEqual(arrived, exporter.sent.map(body => Buffer.from(body).toString('base64')).sort())
    assert.equal(exporter.answers.length, exporter.sent.length)
    for (const answer of exporter.answers)
      assert.equal(Reflect.get(Object(answer), 'partialSuccess') ?? null, null)
  })
}
