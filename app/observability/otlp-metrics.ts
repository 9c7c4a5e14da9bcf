// The measurements as OpenTelemetry's own data, for its serializer.
import { type HrTime, ValueType } from '@opentelemetry/api'
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import { BUCKETS } from './instruments.ts'
import { Amount, type Distribution, type Labels, type Reading } from './series.ts'

/** Since when and until when; milliseconds since the Unix epoch. */
export interface Interval {
  readonly since: number
  readonly until: number
}

/** Whose measurements they are. */
export interface Origin {
  readonly resource: Labels
  readonly scope: { readonly name: string; readonly version: string }
}

/** One `ExportMetricsServiceRequest`, cumulative, as protobuf. */
export function otlpMetrics(readings: readonly Reading[], interval: Interval, origin: Origin): Uint8Array {
  const metrics = readings.map(reading => metricOf(reading, interval))
  const resource = resourceFromAttributes(origin.resource)
  const request = { resource, scopeMetrics: [{ scope: origin.scope, metrics }] }
  const bytes = ProtobufMetricsSerializer.serializeRequest(request)
  if (bytes === undefined) throw new Error('the metrics could not be serialized')
  return bytes
}

function metricOf({ name, instrument, points }: Reading, interval: Interval): MetricData {
  const { kind, unit, help } = instrument
  const common = {
    descriptor: {
      name,
      unit,
      description: help,
      valueType: isWhole(unit) ? ValueType.INT : ValueType.DOUBLE,
    },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  }
  const times = { startTime: timeOf(interval.since), endTime: timeOf(interval.until) }
  const dataPoints: DataPoint<number>[] = []
  const distributions: DataPoint<Histogram>[] = []
  for (const { labels, value } of points) {
    if (value instanceof Amount) dataPoints.push({ ...times, attributes: labels, value: value.value })
    else distributions.push({ ...times, attributes: labels, value: histogramOf(value) })
  }
  switch (kind) {
    case 'histogram':
      return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: distributions }
    case 'gauge':
      return { ...common, dataPointType: DataPointType.GAUGE, dataPoints }
    case 'counter':
    case 'up_down_counter':
      return { ...common, dataPointType: DataPointType.SUM, dataPoints, isMonotonic: kind === 'counter' }
  }
}

/** Things and bytes are counted; times and shares are measured. */
function isWhole(unit: string): boolean {
  return unit.startsWith('{') || unit === 'By'
}

function histogramOf({ counts, count, sum }: Distribution): Histogram {
  return { buckets: { boundaries: [...BUCKETS], counts: [...counts] }, count, sum }
}

function timeOf(ms: number): HrTime {
  return [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)]
}
