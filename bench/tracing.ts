// What tracing costs a request, by the share that is traced; spans are built and serialized, and nobody takes them.
//
// usage: node bench/tracing.ts [--requests 200000]
import { parseArgs } from 'node:util'
import type { RequestRecord } from '../app/inference/observer.ts'
import { steadyClock, systemClock } from '../app/lib/clock.ts'
import { silentLog } from '../app/lib/log.ts'
import { openTraces } from '../app/observability/open-traces.ts'
import { quantile, shuffled } from './statistics.ts'

const { values } = parseArgs({ options: { requests: { type: 'string', default: '200000' } } })
const REQUESTS = Number(values.requests)
const ROUNDS = 7
const RATIOS = [0, 0.01, 1]

const PARTS = [{ model: 'm', input: 9, output: 5, cache_read: 90, cache_write_5m: 4, cache_write_1h: 0 }]

function recordOf(headers: Record<string, string>, trace: RequestRecord['trace']): RequestRecord {
  const attempt = { upstream: 'anthropic', model: 'claude-sonnet-5', result: 'ok' as const }
  return {
    ...{
      requestId: 'r',
      operation: 'messages',
      trace,
      headers,
      denial: null,
      outcome: undefined,
      settingsState: null,
    },
    ...{
      receivedAt: 0,
      startedAt: 1,
      gate: null,
      settle: null,
      bodyReadAt: 2,
      firstByteAt: 30,
      endedAt: 90,
      status: 200,
    },
    ...{ upstream: 'anthropic', model: 'claude-sonnet-5', stream: true },
    attempts: [{ ...attempt, startedAt: 2, sendingAt: 3, endedAt: 90 }],
    usage: {
      parts: PARTS,
      served_model: 'm',
      web_searches: 0,
      speed: null,
      inference_geo: null,
      estimated: false,
    },
  }
}

/** Nanoseconds a request, over all of a round. */
async function round(ratio: number): Promise<number> {
  const { traces } = await openTraces({
    ...{ ratio, linksClients: false, modelOf: (id: string) => id, resourceAttributes: {}, version: '0' },
    ...{ upstreams: [{ name: 'anthropic', provider: 'anthropic' as const }], log: silentLog },
    ...{ clock: systemClock, monotonic: steadyClock, dropped() {} },
    ticker: { add() {}, remove() {} },
    sender: { send: () => Promise.resolve(true) },
  })
  const began = process.hrtime.bigint()
  for (let count = 0; count < REQUESTS; count += 1) {
    const headers = {}
    const over = traces.began({ id: 'r', method: 'POST', headers }, '/v1/messages')
    traces.over(recordOf(headers, traces.trace(headers)))
    over(200)
    // The queue hands its next batch over between requests, as it does in the service.
    if (count % 100 === 99) await Promise.resolve()
  }
  return Number(process.hrtime.bigint() - began) / REQUESTS
}

const measured = new Map(RATIOS.map(ratio => [ratio, [] as number[]]))
for (let index = 0; index <= ROUNDS; index += 1) {
  for (const ratio of shuffled(RATIOS)) {
    const took = await round(ratio)
    if (index > 0) measured.get(ratio)?.push(took) // the first round warms the code up
  }
}
for (const [ratio, rounds] of measured)
  console.log(
    `ratio ${ratio}: ${Math.round(quantile(rounds, 0.5))} ns a request, the median of ${ROUNDS} rounds`,
  )
