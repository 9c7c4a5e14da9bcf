// Reads what a collector receives on /v1/metrics, field by field of the published protobuf definitions.
import { gunzipSync } from 'node:zlib'
import { attributesOf, bytesOf, type Fields, fieldsOf, messages, number, text } from './protobuf-fields.ts'

export interface DecodedMetric {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly kind: 'gauge' | 'counter' | 'up_down_counter' | 'histogram'
  /** 2 is cumulative; 0 for a gauge, which has none. */
  readonly temporality: number
  readonly points: readonly DecodedPoint[]
}

export interface DecodedPoint {
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  /** Milliseconds since the Unix epoch. */
  readonly start: number
  readonly time: number
  /** Of a histogram: its count. */
  readonly value: number
  readonly isInteger: boolean
  readonly sum: number | null
  readonly buckets: readonly number[]
  readonly bounds: readonly number[]
}

export interface DecodedMetrics {
  readonly resource: Readonly<Record<string, string | number | boolean>>
  readonly scope: string
  readonly metrics: readonly DecodedMetric[]
}

/** Decodes the compressed body of one export (`ExportMetricsServiceRequest`) with its one resource and scope. */
export function decodeMetrics(body: Buffer): DecodedMetrics {
  const [resourceMetrics = []] = messages(fieldsOf(gunzipSync(body)), 1)
  const [resource = []] = messages(resourceMetrics, 1)
  const [scopeMetrics = []] = messages(resourceMetrics, 2)
  const [scope = []] = messages(scopeMetrics, 1)
  return {
    resource: attributesOf(resource, 1),
    scope: `${text(scope, 1)} ${text(scope, 2)}`,
    metrics: messages(scopeMetrics, 2).map(metricOf),
  }
}

function metricOf(metric: Fields): DecodedMetric {
  const [gauge] = messages(metric, 5)
  const [sum] = messages(metric, 7)
  const [histogram] = messages(metric, 9)
  const data = gauge ?? sum ?? histogram ?? []
  const isMonotonic = number(data, 3) === 1n
  return {
    ...{ name: text(metric, 1), description: text(metric, 2), unit: text(metric, 3) },
    kind: gauge ? 'gauge' : histogram ? 'histogram' : isMonotonic ? 'counter' : 'up_down_counter',
    temporality: Number(number(data, 2)),
    points: messages(data, 1).map(histogram ? histogramPoint : numberPoint),
  }
}

function numberPoint(point: Fields): DecodedPoint {
  const isInteger = point.some(({ field }) => field === 6)
  const value = isInteger ? Number(BigInt.asIntN(64, number(point, 6))) : double(number(point, 4))
  return { ...timesOf(point), attributes: attributesOf(point, 7), value, isInteger, ...NO_BUCKETS }
}

const NO_BUCKETS = { sum: null, buckets: [], bounds: [] }

function histogramPoint(point: Fields): DecodedPoint {
  return {
    ...timesOf(point),
    attributes: attributesOf(point, 9),
    value: Number(number(point, 4)),
    isInteger: true,
    sum: double(number(point, 5)),
    buckets: words(bytesOf(point, 6)).map(Number),
    bounds: words(bytesOf(point, 7)).map(double),
  }
}

function timesOf(point: Fields): { start: number; time: number } {
  return { start: Number(number(point, 2) / 1_000_000n), time: Number(number(point, 3) / 1_000_000n) }
}

function words(packed: Buffer): bigint[] {
  return Array.from({ length: packed.length / 8 }, (_, index) => packed.readBigUInt64LE(index * 8))
}

function double(bits: bigint): number {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(bits)
  return bytes.readDoubleLE()
}
