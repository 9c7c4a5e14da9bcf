// Brings the metrics to the collector of the operator, again and again.
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Collect } from './collection.ts'
import { type Origin, otlpMetrics } from './otlp-metrics.ts'
import type { OtlpSender } from './otlp-sender.ts'

export interface MetricsExportOptions {
  readonly collect: Collect
  readonly sender: Pick<OtlpSender, 'send'>
  readonly origin: Origin
  readonly intervalMs: number
  /** Calendar time, which the data carry. */
  readonly clock: Clock
  readonly log: Log
}

/** Sends all measurements to the collector, again and again. */
export interface MetricsExport {
  /** Ends the timer, and hands the last batch to the sender. Never rejects. */
  finish(): Promise<void>
  /** Ends the timer. */
  end(): void
}

/** Sums are since the start, so what a lost batch held is in the next one (T-29). */
export function startMetricsExport(options: MetricsExportOptions): MetricsExport {
  const { collect, sender, origin, clock, intervalMs, log } = options
  const since = clock()
  let isSending = false

  /** Answers whether the collector took it, once that is known. */
  const handOver = async (): Promise<{ readonly accepted: Promise<boolean> }> => {
    try {
      const readings = await collect()
      const body = otlpMetrics(readings, { since, until: clock() }, origin)
      return { accepted: sender.send('metrics', body) }
    } catch (error) {
      log.error('the metrics could not be exported', { cause: String(error) })
      return { accepted: Promise.resolve(false) }
    }
  }
  // A collector that takes longer than the interval gets the next batch when it is done with this one.
  const tick = async () => {
    if (isSending) return
    isSending = true
    await (await handOver()).accepted
    isSending = false
  }
  const timer = setInterval(tick, intervalMs).unref()
  return {
    async finish() {
      clearInterval(timer)
      await handOver()
    },
    end: () => clearInterval(timer),
  }
}
