// Reads what is measured, all at one moment.
import type { Log } from '../lib/log.ts'
import type { Measurements, Reading } from './series.ts'
import type { Source } from './service-metrics.ts'

interface CollectionOptions {
  readonly measurements: Measurements
  readonly sources: readonly Source[]
  readonly log: Log
}

/** Reads every source, then answers all that was measured. A source that fails leaves its last values. */
export type Collect = () => Promise<readonly Reading[]>

/** One collection at a time: who asks while it runs gets the same. */
export function createCollection({ measurements, sources, log }: CollectionOptions): Collect {
  let running: Promise<readonly Reading[]> | null = null

  const collect = async () => {
    const read = await Promise.allSettled(sources.map(async source => source()))
    running = null
    for (const result of read) {
      if (result.status === 'rejected')
        log.error('a source of metrics failed', { cause: String(result.reason) })
    }
    return measurements.read()
  }
  return () => {
    running ??= collect()
    return running
  }
}
