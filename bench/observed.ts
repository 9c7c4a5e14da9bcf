// What a gateway is given in the arm `observed`: every feature that runs along with a request is on.
import type { ChildProcess } from 'node:child_process'
import { forkOn, nextMessage, stop } from './process.ts'

/** A policy with both lists of models, as the check of every request meets it. */
const MANAGED = {
  policies: [
    {
      match: { groups: ['nobody'] },
      code: { availableModels: ['claude-opus-5'] },
    },
    {
      match: { groups: ['bench'] },
      code: {
        availableModels: ['haiku', 'sonnet', 'claude-opus-4-8'],
        deniedModels: ['fable'],
        permissions: { deny: ['WebFetch'] },
      },
    },
    { match: {}, desktop: { chatTabEnabled: true }, code: { permissions: { deny: ['Bash(curl *)'] } } },
  ],
}

/** Policies, drift report, metrics for Prometheus and by OTLP, traces of `traceRatio` of all requests. */
export function observedSections(collectorPort: number, traceRatio: number) {
  const collector = `http://127.0.0.1:${collectorPort}`
  return {
    managed: MANAGED,
    gatehouse: {
      policy: { settings_drift: 'report' },
      observability: {
        prometheus: { path: '/metrics', bearer: 'a bearer that only the bench knows, long enough' },
        otlp: { url: collector, traces: true, trace_ratio: traceRatio, interval_seconds: 10 },
      },
    },
  }
}

/** A collector in a process of its own; it takes a manner by message. */
export async function startCollector(): Promise<{
  port: number
  process: ChildProcess
  close(): Promise<void>
}> {
  const child = forkOn(1, new URL('collector.ts', import.meta.url))
  const { port } = await nextMessage<{ port: number }>(child)
  return { port, process: child, close: () => stop(child) }
}
