// Reads what a collector receives on /v1/traces, field by field of the published protobuf definitions.
import { gunzipSync } from 'node:zlib'
import { attributesOf, type Fields, fieldsOf, hex, messages, number, text } from './protobuf-fields.ts'

export interface DecodedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty for a span without a parent. */
  readonly parentId: string
  readonly name: string
  readonly kind: number
  /** Nanoseconds since the Unix epoch. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  readonly events: readonly { readonly name: string; readonly time: bigint }[]
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly status: number
}

export interface DecodedExport {
  readonly resource: Readonly<Record<string, string | number | boolean>>
  readonly scope: string
  readonly spans: readonly DecodedSpan[]
}

/** Decodes the compressed body of one export (`ExportTraceServiceRequest`) with its one resource and scope. */
export function decodeTraces(body: Buffer): DecodedExport {
  const [resourceSpans] = messages(fieldsOf(gunzipSync(body)), 1)
  const [resource] = messages(resourceSpans ?? [], 1)
  const [scopeSpans] = messages(resourceSpans ?? [], 2)
  const [scope] = messages(scopeSpans ?? [], 1)
  return {
    resource: attributesOf(resource ?? [], 1),
    scope: `${text(scope ?? [], 1)} ${text(scope ?? [], 2)}`,
    spans: messages(scopeSpans ?? [], 2).map(spanOf),
  }
}

function spanOf(span: Fields): DecodedSpan {
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentId: hex(span, 4),
    name: text(span, 5),
    kind: Number(number(span, 6)),
    start: number(span, 7),
    end: number(span, 8),
    attributes: attributesOf(span, 9),
    events: messages(span, 11).map(event => ({ name: text(event, 2), time: number(event, 1) })),
    links: messages(span, 13).map(link => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
    status: Number(number(messages(span, 15)[0] ?? [], 3)),
  }
}
