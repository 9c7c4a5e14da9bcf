import type { ChildProcess } from 'node:child_process'
import type { Arm } from './arms.ts'
import { messagesBody } from './cases.ts'
import { cpuSeconds, forkOn, nextMessage, residentMb, stop } from './process.ts'
import { requestFor } from './requests.ts'
import { quantile } from './statistics.ts'
import type { StreamOrder, StreamResult } from './stream-client.ts'

interface StreamFigures extends Omit<StreamResult, 'gapJitterMs'> {
  readonly arm: string
  readonly streams: number
  readonly residentBeforeMb: number
  readonly residentMb: number
  readonly cpuSeconds: number
  readonly gapJitterP99Ms: number
  /** Only the arm that runs with the bench's own probe inside can tell. */
  readonly loopDelayP99Ms: number | null
}

/** Opens `counts` slow streams at once (20 KB bodies, one event a second) on each arm in turn. */
export async function compareStreams(
  arms: readonly Arm[],
  counts: readonly number[],
  seconds: number,
): Promise<StreamFigures[]> {
  const results: StreamFigures[] = []
  for (const streams of counts) {
    console.log(`\n## ${streams} slow streams, one event a second for ${seconds} s`)
    console.log(
      'arm        most open  completed  RSS growth MB  RSS MB  CPU s  gap jitter p99 ms  loop delay p99 ms  failures',
    )
    for (const arm of arms) {
      const figures = await measure(arm, streams, seconds)
      results.push(figures)
      console.log(
        [
          arm.name.padEnd(10),
          String(figures.mostOpen).padStart(9),
          String(figures.completed).padStart(10),
          (figures.residentMb - figures.residentBeforeMb).toFixed(0).padStart(14),
          figures.residentMb.toFixed(0).padStart(7),
          figures.cpuSeconds.toFixed(1).padStart(6),
          figures.gapJitterP99Ms.toFixed(0).padStart(18),
          (figures.loopDelayP99Ms?.toFixed(0) ?? '-').padStart(18),
          ` ${JSON.stringify(figures.failures)}`,
        ].join(' '),
      )
    }
  }
  return results
}

async function measure(arm: Arm, streams: number, seconds: number): Promise<StreamFigures> {
  const pid = arm.process?.pid
  const client = forkOn(1, new URL('stream-client.ts', import.meta.url))
  const residentBeforeMb = pid === undefined ? 0 : residentMb(pid)
  const cpuBefore = pid === undefined ? 0 : cpuSeconds(pid)
  const body = messagesBody(20_480, { stream: true, model: 'claude-opus-4-8' })
  const slow = Buffer.from(body.toString().replace('"max_tokens":1024', `"max_tokens":${seconds}`))
  const order: StreamOrder = {
    port: arm.port,
    request: requestFor(arm, slow).toString('base64'),
    streams,
    seconds,
  }
  client.send(order)
  await nextMessage(client)
  if (arm.name === 'gatehouse') arm.process?.send('reset loop delay')
  const done = nextMessage<{ result: StreamResult }>(client)
  let mostResident = 0
  const watch = setInterval(() => {
    if (pid !== undefined) mostResident = Math.max(mostResident, residentMb(pid))
  }, 500)
  const { result } = await done
  clearInterval(watch)
  const { gapJitterMs, ...counts } = result
  await stop(client)
  return {
    arm: arm.name,
    streams,
    ...counts,
    residentBeforeMb,
    residentMb: mostResident,
    cpuSeconds: pid === undefined ? 0 : cpuSeconds(pid) - cpuBefore,
    gapJitterP99Ms: quantile(gapJitterMs, 0.99),
    loopDelayP99Ms: await loopDelay(arm),
  }
}

async function loopDelay(arm: Arm): Promise<number | null> {
  const child: ChildProcess | undefined = arm.name === 'gatehouse' ? arm.process : undefined
  if (child === undefined) return null
  child.send('report loop delay')
  return (await nextMessage<{ loopDelayP99Ms: number }>(child)).loopDelayP99Ms
}
