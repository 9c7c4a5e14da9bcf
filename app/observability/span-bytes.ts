// Spans as OTLP's protobuf. The libraries are loaded here, when the first traces are opened and not before.
import type { HrTime } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Span } from './span.ts'

/** Serializes one batch of spans. */
export type SerializeSpans = (spans: readonly Span[]) => Uint8Array

export interface SerializerOptions {
  /** What the spans say of the process that they come from. */
  readonly resourceAttributes: Readonly<Record<string, string>>
  readonly version: string
}

/** Loads the libraries. Throws when they cannot be loaded. */
export async function loadSpanSerializer(options: SerializerOptions): Promise<SerializeSpans> {
  const [{ resourceFromAttributes }, { ProtobufTraceSerializer }] = await Promise.all([
    import('@opentelemetry/resources'),
    import('@opentelemetry/otlp-transformer'),
  ])
  const resource = resourceFromAttributes({ ...options.resourceAttributes })
  const instrumentationScope = { name: 'gatehouse', version: options.version }
  return spans => {
    const readable = spans.map(span => readableSpan(span, { resource, instrumentationScope }))
    return ProtobufTraceSerializer.serializeRequest(readable) ?? NOTHING
  }
}

const NOTHING = new Uint8Array()

/** `SpanKind` and `SpanStatusCode` of the API, and its flag of a sampled trace. */
const KINDS = { internal: 0, server: 1, client: 2 } as const
const UNSET = 0
const ERROR = 2
const SAMPLED = 1

interface Origin {
  readonly resource: Resource
  readonly instrumentationScope: ReadableSpan['instrumentationScope']
}

function readableSpan(span: Span, origin: Origin): ReadableSpan {
  const { traceId, parentId, link } = span
  const contextOf = (spanId: string) => ({ traceId, spanId, traceFlags: SAMPLED })
  return {
    ...origin,
    name: span.name,
    kind: KINDS[span.kind],
    spanContext: () => contextOf(span.spanId),
    ...(parentId !== null && { parentSpanContext: contextOf(parentId) }),
    startTime: hrTime(span.start),
    endTime: hrTime(span.end),
    duration: hrTime(span.end - span.start),
    ended: true,
    status: { code: span.isError ? ERROR : UNSET },
    attributes: { ...span.attributes },
    links: link === null ? [] : [{ context: { ...link, traceFlags: UNSAMPLED, isRemote: true } }],
    events: span.events.map(({ name, at }) => ({ name, time: hrTime(at) })),
    ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
  }
}

const UNSAMPLED = 0

/** Seconds and nanoseconds of a number of milliseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))]
}
