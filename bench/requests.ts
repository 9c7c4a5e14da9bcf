import type { ChildProcess } from 'node:child_process'
import type { Arm } from './arms.ts'
import { type BenchCase, CASES } from './cases.ts'
import type { LoadOrder, LoadResult } from './client.ts'
import { cpuSeconds, forkOn, nextMessage, residentMb, stop } from './process.ts'
import { quantile, shuffled, spread } from './statistics.ts'

/** The figures of one arm in one round of one case. */
interface Round {
  readonly arm: string
  readonly case: string
  readonly cpuMs: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly firstByteP50Ms: number
  readonly residentMb: number
  readonly failures: readonly string[]
}

/** Connections of the saturating load; the paced one uses a single connection. */
const CONNECTIONS = 16

/** Rounds' worth of requests before the first counted one: a compiler at run time needs them. */
const WARM_UP = 3

/** Prepares the whole HTTP request of `body` for one arm. */
export function requestFor(arm: Arm, body: Buffer): Buffer {
  const head = Object.entries({
    host: `127.0.0.1:${arm.port}`,
    'content-type': 'application/json',
    'content-length': String(body.length),
    'anthropic-version': '2023-06-01',
    'user-agent': 'gatehouse-bench',
    ...arm.headers,
  })
  const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.concat([Buffer.from(`POST /v1/messages?beta=true HTTP/1.1\r\n${lines}\r\n`), body])
}

/** Runs every case whose name starts with `cases` on every arm, `rounds` times in a random order; prints the medians. */
export async function compareRequests(
  arms: readonly Arm[],
  { rounds, cases }: { rounds: number; cases: string },
): Promise<Round[]> {
  const client = forkOn(1, new URL('client.ts', import.meta.url))
  const results: Round[] = []
  for (const bench of CASES.filter(({ name }) => name.startsWith(cases))) {
    for (const arm of arms) {
      await load(client, arm, bench, { connections: CONNECTIONS, requests: bench.requests * WARM_UP })
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const arm of shuffled(arms)) results.push(await measure(client, arm, bench))
    }
    print(bench, arms, results)
  }
  await stop(client)
  return results
}

async function load(
  client: ChildProcess,
  arm: Arm,
  bench: BenchCase,
  size: { connections: number; requests: number },
): Promise<LoadResult> {
  const order: LoadOrder = {
    port: arm.port,
    request: requestFor(arm, bench.body).toString('base64'),
    ...size,
  }
  client.send(order)
  return nextMessage<LoadResult>(client)
}

async function measure(client: ChildProcess, arm: Arm, bench: BenchCase): Promise<Round> {
  const pid = arm.process?.pid
  const before = pid === undefined ? 0 : cpuSeconds(pid)
  const busy = await load(client, arm, bench, { connections: CONNECTIONS, requests: bench.requests })
  const cpu = pid === undefined ? 0 : cpuSeconds(pid) - before
  const calm = await load(client, arm, bench, { connections: 1, requests: Math.ceil(bench.requests / 8) })
  return {
    arm: arm.name,
    case: bench.name,
    cpuMs: (cpu * 1000) / bench.requests,
    requestsPerSecond: bench.requests / busy.seconds,
    p50Ms: quantile(calm.totalMs, 0.5),
    p99Ms: quantile(calm.totalMs, 0.99),
    firstByteP50Ms: quantile(calm.firstByteMs, 0.5),
    residentMb: pid === undefined ? 0 : residentMb(pid),
    failures: [...busy.failures, ...calm.failures],
  }
}

function print(bench: BenchCase, arms: readonly Arm[], results: readonly Round[]): void {
  const roundsOf = (name: string) => results.filter(round => round.case === bench.name && round.arm === name)
  const direct = roundsOf('direct')
  console.log(`\n## ${bench.name} (${bench.body.length} bytes)`)
  console.log(
    'arm        CPU ms/request [q1 q3]    added p50 ms  added p99 ms  added first byte   req/s    RSS MB  failures',
  )
  for (const arm of arms) {
    const rounds = roundsOf(arm.name)
    const added = (pick: (round: Round) => number) =>
      spread(rounds.map(pick)).median - (direct.length > 0 ? spread(direct.map(pick)).median : 0)
    const cpu = spread(rounds.map(round => round.cpuMs))
    console.log(
      [
        arm.name.padEnd(10),
        `${cpu.median.toFixed(3)} [${cpu.q1.toFixed(3)} ${cpu.q3.toFixed(3)}]`.padEnd(25),
        added(round => round.p50Ms)
          .toFixed(2)
          .padStart(12),
        added(round => round.p99Ms)
          .toFixed(2)
          .padStart(13),
        added(round => round.firstByteP50Ms)
          .toFixed(2)
          .padStart(17),
        spread(rounds.map(round => round.requestsPerSecond))
          .median.toFixed(0)
          .padStart(7),
        spread(rounds.map(round => round.residentMb))
          .median.toFixed(0)
          .padStart(9),
        String(rounds.reduce((sum, round) => sum + round.failures.length, 0)).padStart(9),
      ].join(' '),
    )
  }
}
