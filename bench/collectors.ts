// Shows that a collector in trouble is no trouble for inference: the same requests beside the same exports, while the
// collector behind the relay has one manner after the other, in a random order, round by round.
//
// usage: node bench/collectors.ts [--rounds 5] [--requests 1500] [--exports-per-second 100]
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Arm } from './arms.ts'
import { messagesBody } from './cases.ts'
import type { LoadOrder, LoadResult } from './client.ts'
import type { Manner } from './collector.ts'
import type { ExportOrder, ExportResult } from './exporter.ts'
import { startGatehouse } from './gatehouse.ts'
import { cpuSeconds, forkOn, nextMessage, residentMb, stop } from './process.ts'
import { requestFor } from './requests.ts'
import { quantile, shuffled, spread } from './statistics.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '1500' },
    'exports-per-second': { type: 'string', default: '100' },
  },
})

const MANNERS: readonly Manner[] = ['healthy', 'slow', 'down', '500', '413', '302', 'hangs', 'resets']
const EXPORT_BYTES = 20_480

interface Figures {
  readonly manner: Manner
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuMs: number
  readonly residentMb: number
  readonly exports: ExportResult
}

const folder = join(import.meta.dirname, 'results')
mkdirSync(folder, { recursive: true })
const upstream = forkOn(1, new URL('upstream.ts', import.meta.url))
const { port: upstreamPort } = await nextMessage<{ port: number }>(upstream)
const collectorProcess = forkOn(1, new URL('collector.ts', import.meta.url))
const { port: collectorPort } = await nextMessage<{ port: number }>(collectorProcess)
const client = forkOn(1, new URL('client.ts', import.meta.url))
const exporter = forkOn(1, new URL('exporter.ts', import.meta.url))
const gatehouse = await startGatehouse({
  ...{ core: 0, upstreamPort, folder },
  sections: { telemetry: { forward_to: [{ url: `http://127.0.0.1:${collectorPort}` }] } },
})

async function setManner(manner: Manner): Promise<void> {
  collectorProcess.send(manner)
  await nextMessage(collectorProcess)
}

async function load(requests: number): Promise<LoadResult> {
  const request = requestFor(gatehouse, messagesBody(2048, { stream: false })).toString('base64')
  client.send({ port: gatehouse.port, request, connections: 1, requests } satisfies LoadOrder)
  return nextMessage<LoadResult>(client)
}

function exportRequest(arm: Arm): string {
  const body = Buffer.alloc(EXPORT_BYTES, 'telemetry ')
  const head = [
    'POST /v1/metrics HTTP/1.1',
    `host: 127.0.0.1:${arm.port}`,
    `authorization: ${arm.headers['authorization']}`,
    'content-type: application/x-protobuf',
    `content-length: ${body.length}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]).toString('base64')
}

async function measure(manner: Manner): Promise<Figures> {
  const pid = gatehouse.process?.pid ?? 0
  await setManner(manner)
  const perSecond = Number(values['exports-per-second'])
  exporter.send({ port: gatehouse.port, request: exportRequest(gatehouse), perSecond } satisfies ExportOrder)
  await load(100)
  const before = cpuSeconds(pid)
  const result = await load(Number(values.requests))
  const cpu = cpuSeconds(pid) - before
  exporter.send('stop')
  const exports = await nextMessage<ExportResult>(exporter)
  if (result.failures.length > 0) console.error(`${manner}: ${result.failures.join(', ')}`)
  return {
    ...{ manner, exports, residentMb: residentMb(pid) },
    p50Ms: quantile(result.totalMs, 0.5),
    p99Ms: quantile(result.totalMs, 0.99),
    cpuMs: (cpu * 1000) / Number(values.requests),
  }
}

function print(all: readonly Figures[]): void {
  console.log('collector  p50 ms [q1 q3]       p99 ms  CPU ms/request  RSS MB  exports  not answered 200')
  for (const manner of MANNERS) {
    const rounds = all.filter(figures => figures.manner === manner)
    const p50 = spread(rounds.map(({ p50Ms }) => p50Ms))
    const median = (pick: (figures: Figures) => number) => spread(rounds.map(pick)).median
    const total = (pick: (figures: Figures) => number) => rounds.reduce((sum, round) => sum + pick(round), 0)
    console.log(
      [
        manner.padEnd(10),
        `${p50.median.toFixed(3)} [${p50.q1.toFixed(3)} ${p50.q3.toFixed(3)}]`.padEnd(20),
        median(({ p99Ms }) => p99Ms)
          .toFixed(2)
          .padStart(6),
        median(({ cpuMs }) => cpuMs)
          .toFixed(3)
          .padStart(15),
        median(figures => figures.residentMb)
          .toFixed(0)
          .padStart(7),
        String(total(({ exports }) => exports.sent)).padStart(8),
        String(total(({ exports }) => exports.failures)).padStart(17),
      ].join(' '),
    )
  }
}

try {
  await load(3000)
  const all: Figures[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const manner of shuffled(MANNERS)) all.push(await measure(manner))
  }
  print(all)
} finally {
  await gatehouse.close()
  for (const process of [exporter, client, upstream, collectorProcess]) await stop(process)
}
process.exit(0)
