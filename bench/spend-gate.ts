// What spend costs inference: the same requests to a gateway without `admin` and to ones with it, round by round in a random
// order, as what each adds to the one without. Answers that cost nothing show the gate alone; others are stored as well.
//
// usage: node bench/spend-gate.ts [--rounds 7] [--requests 4000]
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Arm } from './arms.ts'
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

const CONNECTIONS = 16
const OFF = 'without admin'
const KEY = 'a key of the Admin API that only the bench knows'

interface Variant {
  readonly name: string
  readonly arm: Arm
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
const client = forkOn(1, new URL('client.ts', import.meta.url))

/** What a request meets: the look before it, and the storing after it where its answer costs something. */
const KINDS = [
  { title: 'the gate alone', body: messagesBody(2048, { stream: false, model: 'claude-sonnet-4-6' }) },
  { title: 'the gate, and the cost stored', body: messagesBody(2048, { stream: false }) },
]
const requests = Number(values.requests)

interface Limit {
  readonly scope: object
  readonly amount: string
  readonly period: string
}

async function open(name: string, limits: readonly Limit[] | null): Promise<Variant> {
  const admin = { write_keys: [{ id: 'bench', key: KEY }] }
  const arm = await startGatehouse({
    ...{ core: 0, upstreamPort, folder: join(folder, name.replaceAll(/\W+/g, '-')) },
    ...(limits === null ? {} : { sections: { admin } }),
  })
  for (const limit of limits ?? []) await setLimit(arm, limit)
  return { name, arm }
}

async function setLimit({ port }: Arm, limit: Limit): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/organizations/spend_limits`, {
    ...{ method: 'POST', headers: { 'x-api-key': KEY }, body: JSON.stringify(limit) },
  })
  if (!response.ok) throw new Error(`a limit was refused with ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
}

interface Load {
  readonly body: Buffer
  readonly connections: number
  readonly count: number
}

async function load({ arm }: Variant, { body, connections, count }: Load): Promise<LoadResult> {
  const request = requestFor(arm, body).toString('base64')
  client.send({ port: arm.port, request, connections, requests: count } satisfies LoadOrder)
  const result = await nextMessage<LoadResult>(client)
  if (result.failures.length > 0) throw new Error(result.failures.join(', '))
  return result
}

async function measure(variant: Variant, body: Buffer): Promise<Figures> {
  const pid = variant.arm.process?.pid ?? 0
  const before = cpuSeconds(pid)
  const busy = await load(variant, { body, connections: CONNECTIONS, count: requests })
  const cpu = cpuSeconds(pid) - before
  const calm = await load(variant, { body, connections: 1, count: Math.ceil(requests / 4) })
  return {
    name: variant.name,
    cpuMs: (cpu * 1000) / requests,
    p50Ms: quantile(calm.totalMs, 0.5),
    p99Ms: quantile(calm.totalMs, 0.99),
    requestsPerSecond: requests / busy.seconds,
  }
}

/** What is added is by one round's figure less the same round's without, so that a busy moment hurts both. */
function print(names: readonly string[], rounds: readonly (readonly Figures[])[]): void {
  console.log(
    'gateway                    CPU ms   added [q1 q3]            p50 ms   added [q1 q3]            req/s',
  )
  for (const name of names) {
    const own = rounds.flatMap(round => round.filter(figures => figures.name === name))
    const added = (of: (figures: Figures) => number) =>
      spread(
        rounds.flatMap(round => {
          const [base, figures] = [OFF, name].map(wanted => round.find(each => each.name === wanted))
          return base && figures ? [of(figures) - of(base)] : []
        }),
      )
    const middle = (of: (figures: Figures) => number) => spread(own.map(of)).median
    const shown = ({ q1, median, q3 }: ReturnType<typeof spread>) =>
      `${median.toFixed(3)} [${q1.toFixed(3)} ${q3.toFixed(3)}]`.padEnd(24)
    const cells = [
      name.padEnd(26),
      middle(({ cpuMs }) => cpuMs)
        .toFixed(3)
        .padStart(6),
      ` ${shown(added(({ cpuMs }) => cpuMs))}`,
      middle(({ p50Ms }) => p50Ms)
        .toFixed(3)
        .padStart(6),
      ` ${shown(added(({ p50Ms }) => p50Ms))}`,
      middle(figures => figures.requestsPerSecond)
        .toFixed(0)
        .padStart(6),
    ]
    console.log(cells.join(' '))
  }
}

const everybody: readonly Limit[] = ['daily', 'weekly', 'monthly'].map(period => ({
  ...{ scope: { type: 'organization' }, amount: '100000000', period },
}))
const groups: readonly Limit[] = ['daily', 'monthly'].map(period => ({
  ...{ scope: { type: 'rbac_group', rbac_group_id: 'bench' }, amount: '100000000', period },
}))

const variants: Variant[] = []
try {
  variants.push(await open(OFF, null))
  variants.push(await open('no limits', []))
  variants.push(await open('five limits', [...everybody, ...groups]))
  for (const { title, body } of KINDS) {
    for (const variant of variants)
      await load(variant, { body, connections: CONNECTIONS, count: requests * 2 })
    const rounds: Figures[][] = []
    for (let round = 0; round < Number(values.rounds); round += 1) {
      const figures: Figures[] = []
      for (const variant of shuffled(variants)) figures.push(await measure(variant, body))
      rounds.push(figures)
    }
    console.log(`\n${title}`)
    print(
      variants.map(({ name }) => name),
      rounds,
    )
  }
} finally {
  for (const { arm } of variants) await arm.close()
  for (const process of [client, upstream]) await stop(process)
}
process.exit(0)
