// What is known of the process itself: processor, memory, files, the event loop.
import { readdir } from 'node:fs/promises'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Measurements } from './series.ts'
import type { Source } from './service-metrics.ts'

/** Watches the event loop until it is disposed of; the rest is read when it is asked for. */
export interface ProcessMetrics extends Disposable {
  readonly source: Source
}

/** How often the event loop's delay is sampled, in milliseconds. */
const SAMPLE_MS = 20

const NS_PER_SECOND = 1e9
const US_PER_SECOND = 1e6

export function openProcessMetrics(measurements: Measurements): ProcessMetrics {
  const cpu = measurements.amounts('process.cpu.time').of()
  const memory = measurements.amounts('process.memory.usage').of()
  const heap = measurements.amounts('v8js.memory.heap.used').of()
  const delay = measurements.amounts('nodejs.eventloop.delay.p99').of()
  const utilization = measurements.amounts('nodejs.eventloop.utilization').of()
  const files = measurements.amounts('process.open_file_descriptor.count')
  const delays = monitorEventLoopDelay({ resolution: SAMPLE_MS })
  let lastUse = performance.eventLoopUtilization()
  delays.enable()
  return {
    async source() {
      const { user, system } = process.cpuUsage()
      cpu.set((user + system) / US_PER_SECOND)
      const { rss, heapUsed } = process.memoryUsage()
      memory.set(rss)
      heap.set(heapUsed)
      // A sample holds the interval itself; what is beyond it is the delay.
      const late = delays.count === 0 ? 0 : delays.percentile(99) / NS_PER_SECOND - SAMPLE_MS / 1000
      delay.set(Math.max(0, late))
      delays.reset()
      const use = performance.eventLoopUtilization()
      utilization.set(performance.eventLoopUtilization(use, lastUse).utilization)
      lastUse = use
      const open = await openFiles()
      if (open !== null) files.of().set(open)
    },
    [Symbol.dispose]: () => void delays.disable(),
  }
}

/** Null where the system does not tell. */
async function openFiles(): Promise<number | null> {
  try {
    return (await readdir('/proc/self/fd')).length
  } catch {
    return null // only Linux has the folder
  }
}
