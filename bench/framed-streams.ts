// What an event costs the gateway that comes in Amazon's frames, beside one that comes as a server-sent event: the same
// reply from the same stand-in, through one gateway, arms in a random order, round by round.
//
// usage: node bench/framed-streams.ts [--rounds 7] [--streams 40] [--events 2000]
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Arm } from './arms.ts'
import { messagesBody } from './cases.ts'
import type { LoadOrder, LoadResult } from './client.ts'
import { startGatehouse } from './gatehouse.ts'
import { cpuSeconds, forkOn, nextMessage, stop } from './process.ts'
import { requestFor } from './requests.ts'
import { shuffled, spread } from './statistics.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    streams: { type: 'string', default: '40' },
    events: { type: 'string', default: '2000' },
  },
})
const [ROUNDS, STREAMS, EVENTS] = [values.rounds, values.streams, values.events].map(Number) as [
  number,
  number,
  number,
]

/** The model that leads to each upstream. */
const MODELS = { 'anthropic, events': 'claude-haiku-4-5', 'bedrock, frames': 'claude-sonnet-4-5' } as const

type Name = keyof typeof MODELS

const folder = join(import.meta.dirname, 'results')
mkdirSync(folder, { recursive: true })
const client = forkOn(1, new URL('client.ts', import.meta.url))

/** Microseconds of the gateway's CPU an event: as models write, one at a time; or as fast as they go, ten at once. */
async function compare({ joined, pauseMs }: { joined: number; pauseMs: number }): Promise<void> {
  // A burst's events are so cheap that ten times as many are needed for the kernel's ticks to tell them apart.
  const events = EVENTS * joined
  const upstream = forkOn(
    1,
    new URL('framed-upstream.ts', import.meta.url),
    [events, joined, pauseMs].map(String),
  )
  const { port } = await nextMessage<{ port: number }>(upstream)
  const base_url = `http://127.0.0.1:${port}`
  const keys = { aws_access_key_id: 'AKIABENCH', aws_secret_access_key: 'bench' }
  const gatehouse = await startGatehouse({
    ...{ core: 0, upstreamPort: port, folder },
    sections: {
      upstreams: [
        { provider: 'anthropic', base_url, auth: { api_key: 'bench' }, models: ['claude-haiku-4-5'] },
        { provider: 'bedrock', region: 'us-east-1', base_url, auth: keys, models: ['claude-sonnet-4-5'] },
      ],
    },
  })
  try {
    const measured = new Map<Name, number[]>()
    const names = Object.keys(MODELS) as Name[]
    for (const name of names) await load(gatehouse, MODELS[name])
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of shuffled(names)) {
        const before = cpuSeconds(gatehouse.process?.pid ?? 0)
        const { failures } = await load(gatehouse, MODELS[name])
        if (failures.length > 0) console.error(`${name}: ${failures.join(', ')}`)
        const micros = ((cpuSeconds(gatehouse.process?.pid ?? 0) - before) * 1e6) / (STREAMS * events)
        measured.set(name, [...(measured.get(name) ?? []), micros])
      }
    }
    print(joined, measured)
  } finally {
    await gatehouse.close()
    await stop(upstream)
  }
}

function load(arm: Arm, model: string): Promise<LoadResult> {
  const request = requestFor(arm, messagesBody(2048, { stream: true, model })).toString('base64')
  client.send({ port: arm.port, request, connections: STREAMS, requests: STREAMS } satisfies LoadOrder)
  return nextMessage<LoadResult>(client)
}

function print(joined: number, measured: ReadonlyMap<Name, readonly number[]>): void {
  const bases = spread(measured.get('anthropic, events') ?? []).median
  for (const [name, figures] of measured) {
    const { q1, median, q3 } = spread(figures)
    const figure = `${median.toFixed(2)} [${q1.toFixed(2)} ${q3.toFixed(2)}]`
    console.log(
      `${String(joined).padStart(6)}  ${name.padEnd(18)} ${figure.padEnd(22)} ${(median / bases).toFixed(2)}`,
    )
  }
}

console.log('joined  arm                CPU µs/event [q1 q3]   times')
try {
  await compare({ joined: 1, pauseMs: 2 })
  await compare({ joined: 10, pauseMs: 0 })
} finally {
  await stop(client)
}
process.exit(0)
