// What the gateway's own metrics and traces cost inference: the same requests to gateways that differ only in
// `gatehouse.observability`, round by round in a random order, as ratios to the one that has none.
//
// usage: node bench/observability.ts [--rounds 7] [--requests 4000]
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Arm, freePort } from './arms.ts'
import { messagesBody } from './cases.ts'
import type { LoadOrder, LoadResult } from './client.ts'
import { startGatehouse } from './gatehouse.ts'
import { cpuSeconds, forkOn, nextMessage, stop } from './process.ts'
import { requestFor } from './requests.ts'
import { quantile, shuffled, spread } from './statistics.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '4000' },
  },
})

/** How often the page is read while requests run: more often than any Prometheus does. */
const SCRAPE_MS = 1000

const CONNECTIONS = 16
const OFF = 'off'

interface Variant {
  readonly name: string
  readonly arm: Arm
  /** Where the page is; null without one. */
  readonly page: string | null
}

interface Figures {
  readonly name: string
  readonly cpuMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly requestsPerSecond: number
}

const folder = join(import.meta.dirname, 'results')
mkdirSync(folder, { recursive: true })
const upstream = forkOn(1, new URL('upstream.ts', import.meta.url))
const { port: upstreamPort } = await nextMessage<{ port: number }>(upstream)
const collector = forkOn(1, new URL('collector.ts', import.meta.url))
const { port: collectorPort } = await nextMessage<{ port: number }>(collector)
const client = forkOn(1, new URL('client.ts', import.meta.url))
const body = messagesBody(2048, { stream: false })
const requests = Number(values.requests)

async function open(name: string, otlp: object | null): Promise<Variant> {
  const port = await freePort()
  const url = `http://127.0.0.1:${collectorPort}`
  const sent = otlp === null ? {} : { otlp: { url, interval_seconds: 10, ...otlp } }
  const sections = { gatehouse: { observability: { prometheus: { port }, ...sent } } }
  const arm = await startGatehouse({
    ...{ core: 0, upstreamPort, folder: join(folder, name.replaceAll(/\W+/g, '-')) },
    ...(name === OFF ? {} : { sections }),
  })
  return { name, arm, page: name === OFF ? null : `http://127.0.0.1:${port}/metrics` }
}

async function load({ arm }: Variant, connections: number, count: number): Promise<LoadResult> {
  const request = requestFor(arm, body).toString('base64')
  client.send({ port: arm.port, request, connections, requests: count } satisfies LoadOrder)
  const result = await nextMessage<LoadResult>(client)
  if (result.failures.length > 0) throw new Error(result.failures.join(', '))
  return result
}

async function measure(variant: Variant): Promise<Figures> {
  const pid = variant.arm.process?.pid ?? 0
  const { page } = variant
  const timer = page === null ? null : setInterval(() => void scrape(page), SCRAPE_MS)
  const before = cpuSeconds(pid)
  const busy = await load(variant, CONNECTIONS, requests)
  const cpu = cpuSeconds(pid) - before
  const calm = await load(variant, 1, Math.ceil(requests / 8))
  if (timer !== null) clearInterval(timer)
  return {
    name: variant.name,
    cpuMs: (cpu * 1000) / requests,
    p50Ms: quantile(calm.totalMs, 0.5),
    p99Ms: quantile(calm.totalMs, 0.99),
    requestsPerSecond: requests / busy.seconds,
  }
}

async function scrape(page: string): Promise<void> {
  const response = await fetch(page)
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`the page answered ${response.status}`)
}

/** Ratios are of one round's figure to the same round's of `off`, so that a busy moment hurts both. */
function print(names: readonly string[], rounds: readonly (readonly Figures[])[]): void {
  console.log(
    'observability                     CPU ms/request [q1 q3]   ratio [q1 q3]        p50 ms  ratio  p99 ms  req/s',
  )
  for (const name of names) {
    const own = rounds.map(round => round.find(figures => figures.name === name))
    const pick = (of: (figures: Figures) => number) => own.flatMap(figures => (figures ? [of(figures)] : []))
    const ratios = (of: (figures: Figures) => number) =>
      rounds.flatMap(round => {
        const [base, figures] = [OFF, name].map(wanted => round.find(each => each.name === wanted))
        return base && figures ? [of(figures) / of(base)] : []
      })
    const cpu = spread(pick(({ cpuMs }) => cpuMs))
    const cpuRatio = spread(ratios(({ cpuMs }) => cpuMs))
    const middle = (numbers: readonly number[]) => spread(numbers).median
    console.log(
      [
        name.padEnd(33),
        `${cpu.median.toFixed(3)} [${cpu.q1.toFixed(3)} ${cpu.q3.toFixed(3)}]`.padEnd(24),
        `${cpuRatio.median.toFixed(3)} [${cpuRatio.q1.toFixed(3)} ${cpuRatio.q3.toFixed(3)}]`.padEnd(20),
        middle(pick(({ p50Ms }) => p50Ms))
          .toFixed(3)
          .padStart(6),
        middle(ratios(({ p50Ms }) => p50Ms))
          .toFixed(3)
          .padStart(6),
        middle(pick(({ p99Ms }) => p99Ms))
          .toFixed(2)
          .padStart(7),
        middle(pick(figures => figures.requestsPerSecond))
          .toFixed(0)
          .padStart(6),
      ].join(' '),
    )
  }
}

const variants: Variant[] = []
try {
  variants.push(await open(OFF, null))
  variants.push(await open('Prometheus', null))
  variants.push(await open('Prometheus, OTLP, traces of 0.01', { traces: true, trace_ratio: 0.01 }))
  variants.push(await open('Prometheus, OTLP, traces of 1.0', { traces: true, trace_ratio: 1 }))
  for (const variant of variants) await load(variant, CONNECTIONS, requests * 2)
  const rounds: Figures[][] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const figures: Figures[] = []
    for (const variant of shuffled(variants)) figures.push(await measure(variant))
    rounds.push(figures)
  }
  print(
    variants.map(({ name }) => name),
    rounds,
  )
} finally {
  for (const { arm } of variants) await arm.close()
  for (const process of [client, upstream, collector]) await stop(process)
}
process.exit(0)
