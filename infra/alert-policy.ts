import { Construct } from 'constructs'
import { MonitoringAlertPolicy } from './google.ts'

/** What is measured. All windows are in seconds, in whole minutes. */
export type Condition =
  /** More than `above` events in the window. */
  | { readonly kind: 'count'; readonly filter: string; readonly above: number; readonly window: number }
  /** More than `above` (0 to 1) of what `of` counts. */
  | {
      readonly kind: 'share'
      readonly filter: string
      readonly of: string
      readonly above: number
      readonly window: number
    }
  /** One in twenty is larger than `above`, in the metric's unit. */
  | {
      readonly kind: 'percentile-95'
      readonly filter: string
      readonly above: number
      readonly window: number
    }
  /** The sum of all series stays above for the whole window. */
  | { readonly kind: 'level'; readonly filter: string; readonly above: number; readonly window: number }
  /** An uptime check fails during the whole window. */
  | { readonly kind: 'failing-check'; readonly filter: string; readonly window: number }
  /** Nothing is counted during the window. */
  | { readonly kind: 'silence'; readonly filter: string; readonly window: number }

/** Something that a person should be told. */
export interface Alert {
  readonly id: string
  /** A heading of docs/operations.md, which says what to do. */
  readonly heading: string
  /** What happened, in one sentence. */
  readonly says: string
  readonly severity: 'CRITICAL' | 'ERROR' | 'WARNING'
  /** All of them must hold. */
  readonly conditions: readonly Condition[]
}

export interface AlertPolicyProps {
  readonly project: string
  /** Prefix of the displayed name. */
  readonly name: string
  /** Ids of notification channels. */
  readonly channels: readonly string[]
  readonly alert: Alert
}

/** One alert of Cloud Monitoring, whose text names the section of the manual that helps (G-55). */
export class AlertPolicy extends Construct {
  constructor(scope: Construct, id: string, { project, name, channels, alert }: AlertPolicyProps) {
    super(scope, id)

    new MonitoringAlertPolicy(this, 'policy', {
      ...{ project, displayName: `${name}: ${alert.heading}`, severity: alert.severity },
      combiner: 'AND',
      conditions: alert.conditions.map(condition => ({ displayName: alert.says, ...blockOf(condition) })),
      notificationChannels: [...channels],
      alertStrategy: { autoClose: '3600s' },
      documentation: {
        mimeType: 'text/markdown',
        subject: `${name}: ${alert.heading}`,
        content: `${alert.says} What to do: docs/operations.md, section "${alert.heading}".`,
      },
    })
  }
}

function blockOf(condition: Condition) {
  const { filter, window } = condition
  const period = `${window}s`
  if (condition.kind === 'silence') {
    return { conditionAbsent: { filter, duration: period, aggregations: [counted('60s')] } }
  }
  if (condition.kind === 'failing-check') {
    const aggregation = {
      alignmentPeriod: '60s',
      perSeriesAligner: 'ALIGN_NEXT_OLDER',
      crossSeriesReducer: 'REDUCE_COUNT_FALSE',
    }
    const failing = { filter, comparison: 'COMPARISON_GT', thresholdValue: 0, duration: period }
    return { conditionThreshold: { ...failing, aggregations: [aggregation] } }
  }
  const above = { filter, comparison: 'COMPARISON_GT', thresholdValue: condition.above }
  switch (condition.kind) {
    case 'count':
      return { conditionThreshold: { ...above, duration: '0s', aggregations: [counted(period)] } }
    case 'share': {
      const whole = { denominatorFilter: condition.of, denominatorAggregations: [counted(period)] }
      return { conditionThreshold: { ...above, ...whole, duration: '0s', aggregations: [counted(period)] } }
    }
    case 'percentile-95': {
      const aggregation = {
        alignmentPeriod: period,
        perSeriesAligner: 'ALIGN_DELTA',
        crossSeriesReducer: 'REDUCE_PERCENTILE_95',
      }
      return { conditionThreshold: { ...above, duration: '0s', aggregations: [aggregation] } }
    }
    case 'level': {
      const aggregation = {
        alignmentPeriod: '60s',
        perSeriesAligner: 'ALIGN_MAX',
        crossSeriesReducer: 'REDUCE_SUM',
      }
      return { conditionThreshold: { ...above, duration: period, aggregations: [aggregation] } }
    }
  }
}

function counted(alignmentPeriod: string) {
  return { alignmentPeriod, perSeriesAligner: 'ALIGN_DELTA', crossSeriesReducer: 'REDUCE_SUM' }
}
