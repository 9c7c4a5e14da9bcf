// Reads what a collector receives on /v1/traces, field by field of the published protobuf definitions.
import { gunzipSync } from 'node:zlib'

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
  readonly attributes: Readonly<Record<string, string | number>>
  readonly events: readonly { readonly name: string; readonly time: bigint }[]
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly status: number
}

export interface DecodedExport {
  readonly resource: Readonly<Record<string, string | number>>
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

function attributesOf(fields: Fields, field: number): Record<string, string | number> {
  const pairs = messages(fields, field).map(pair => {
    const [value] = messages(pair, 2)
    const isText = value?.[0]?.field === 1
    return [text(pair, 1), isText ? text(value, 1) : Number(number(value ?? [], 3))] as const
  })
  return Object.fromEntries(pairs)
}

interface Field {
  readonly field: number
  readonly value: Buffer | bigint
}

type Fields = readonly Field[]

function fieldsOf(bytes: Buffer): Field[] {
  const found: Field[] = []
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const field = tag >>> 3
    const wire = tag & 7
    if (wire === 0) {
      found.push({ field, value: varint() })
    } else if (wire === 1) {
      found.push({ field, value: bytes.readBigUInt64LE(at) })
      at += 8
    } else if (wire === 5) {
      found.push({ field, value: BigInt(bytes.readUInt32LE(at)) })
      at += 4
    } else {
      const length = Number(varint())
      found.push({ field, value: bytes.subarray(at, at + length) })
      at += length
    }
  }
  return found
}

function messages(fields: Fields, field: number): Field[][] {
  return fields.flatMap(({ field: f, value }) =>
    f === field && typeof value === 'object' ? [fieldsOf(value)] : [],
  )
}

function bytesOf(fields: Fields, field: number): Buffer {
  const value = fields.find(({ field: f }) => f === field)?.value
  return typeof value === 'object' ? value : Buffer.alloc(0)
}

function text(fields: Fields, field: number): string {
  return bytesOf(fields, field).toString('utf8')
}

function hex(fields: Fields, field: number): string {
  return bytesOf(fields, field).toString('hex')
}

function number(fields: Fields, field: number): bigint {
  const value = fields.find(({ field: f }) => f === field)?.value
  return typeof value === 'bigint' ? value : 0n
}
