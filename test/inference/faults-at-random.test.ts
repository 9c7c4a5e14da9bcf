import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import {
  EVENT_ENDS,
  type Fault,
  JSON_REPLIES,
  playFault,
  STREAM,
  silences,
} from '../support/faulty-upstream.ts'
import { openPost, post } from '../support/relay-client.ts'
import { type RelayRig, startRelay } from '../support/relay-rig.ts'
import { startUpstream } from '../support/upstream.ts'

const REQUESTS = 400
const AT_A_TIME = 40

type Manner = 'reads' | 'reads slowly' | 'keeps its connection' | 'leaves' | 'leaves in its upload' | 'errs'

/** One request of the storm. */
interface Trial {
  readonly id: string
  readonly manner: Manner
  readonly faults: readonly Fault[]
  readonly path: string
  readonly body: string
  /** After how many bytes of the answer a client leaves. */
  readonly leavesAfter: number
}

/** The same storm every time: numbers from 0 to below 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function drawTrial(random: () => number, number: number): Trial {
  const oneOf = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]! // none is empty
  const fault = (): Fault => ({
    kind: oneOf('stream', 'stream', 'gzip stream', 'json', 'long json', 'error', 'overload'),
    cutAt: oneOf(null, null, random()),
    isReset: oneOf(true, false),
    pieces: oneOf(1, 2, 7, 60),
  })
  const manner: Manner = oneOf(
    'reads',
    'reads slowly',
    'keeps its connection',
    'leaves',
    'leaves in its upload',
    'errs',
  )
  const faults = [fault(), fault()]
  // Nobody but a client that leaves may be answered with silence.
  if (manner === 'leaves' && random() < 0.3) faults[0] = { ...fault(), kind: 'silence' }
  const padding = 'p'.repeat(oneOf(10, 3000, 100_000, 700_000))
  const model = oneOf('claude-test', 'claude-renamed')
  const whole = JSON.stringify({ id: `trial-${number}`, model, faults, padding })
  return {
    ...{ id: `trial-${number}`, manner, faults },
    path: oneOf('/v1/messages', '/v1/messages', '/v1/messages?beta=true', '/v1/messages/count_tokens'),
    body: manner === 'errs' ? oneOf(whole.slice(0, -1), '{"model":"unknown"}', '[]', '{"model":7}') : whole,
    leavesAfter: Math.floor(random() * 60_000),
  }
}

/** What a client saw that stayed to the end. */
interface Seen {
  readonly status: number
  readonly body: string
  readonly isComplete: boolean
}

async function run(trial: Trial, relay: RelayRig, agent: Agent): Promise<Seen | null> {
  const { manner, path, body } = trial
  const headers = { 'x-client-request-id': trial.id }
  switch (manner) {
    case 'reads':
    case 'errs':
      return post(relay.port, { path, body, headers })
    case 'keeps its connection':
    case 'reads slowly':
      return ask(trial, relay, agent)
    case 'leaves':
      return leave(trial, relay)
    case 'leaves in its upload': {
      const asking = { ...headers, expect: '100-continue', 'content-length': '5000' }
      const socket = openPost(relay.port, { path, body: '{"model":"cl', headers: asking })
      await once(socket, 'data')
      socket.destroy()
      return null
    }
  }
}

async function ask({ id, manner, path, body }: Trial, relay: RelayRig, agent: Agent): Promise<Seen> {
  const headers = { 'x-client-request-id': id, 'content-length': String(Buffer.byteLength(body)) }
  const asked = request({ port: relay.port, host: '127.0.0.1', method: 'POST', path, headers, agent })
  asked.on('error', () => {}).end(body)
  const [reply] = await once(asked, 'response')
  const chunks: Buffer[] = []
  reply.on('error', () => {})
  reply.on('data', (bytes: Buffer) => {
    chunks.push(bytes)
    if (manner !== 'reads slowly') return
    reply.pause()
    void setImmediate().then(() => reply.resume())
  })
  await new Promise(resolve => reply.once('close', resolve))
  return {
    status: reply.statusCode,
    body: Buffer.concat(chunks).toString('latin1'),
    isComplete: reply.complete,
  }
}

async function leave({ id, faults, path, body, leavesAfter }: Trial, relay: RelayRig): Promise<null> {
  const socket = openPost(relay.port, { path, body, headers: { 'x-client-request-id': id } })
  let left = leavesAfter
  const gone = once(socket, 'close')
  socket.on('data', (bytes: Buffer) => {
    left -= bytes.length
    if (left <= 0) socket.destroy()
  })
  socket.on('end', () => socket.destroy())
  if (faults[0]?.kind === 'silence') silences.once(id, () => socket.destroy())
  await gone
  return null
}

/** Only what an upstream sent whole may look whole, and of a stream there are whole events only. */
function check(trial: Trial, seen: Seen): void {
  if (seen.status !== 200) {
    assert.equal(seen.isComplete, true)
    assert.equal(JSON.parse(seen.body).type, 'error')
  } else if (seen.body.startsWith('event:') || seen.body === '') {
    assert.ok(STREAM.startsWith(seen.body))
    assert.ok(EVENT_ENDS.has(seen.body.length), 'ends in the middle of an event')
    assert.equal(seen.isComplete, seen.body === STREAM)
  } else if (seen.isComplete) {
    assert.ok(Object.values(JSON_REPLIES).includes(seen.body), trial.id)
  }
}

test('whatever clients and upstreams do, each request is audited once and leaves nothing behind', async () => {
  await using first = await startUpstream((asked, socket) => void playFault(asked, socket, 0))
  await using second = await startUpstream((asked, socket) => void playFault(asked, socket, 1))
  const upstreams = [{ base_url: first.origin }, { base_url: second.origin }]
  const relay = await startRelay({ upstreams, maxConcurrent: AT_A_TIME * 2 })
  const agent = new Agent({ keepAlive: true, maxSockets: 12 })
  const random = randomFrom(20_260_301)
  const trials = Array.from({ length: REQUESTS }, (_, number) => drawTrial(random, number))

  const waiting = [...trials]
  const work = async () => {
    for (let trial = waiting.shift(); trial !== undefined; trial = waiting.shift()) {
      const seen = await run(trial, relay, agent)
      if (seen !== null) check(trial, seen)
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, work))
  const events = await relay.audited(REQUESTS)
  agent.destroy()
  const isIdle = await relay.drain.whenIdle(30_000)
  while ((await relay.connections()) > 0) await setImmediate()

  assert.deepEqual(events.map(event => event.request_id).sort(), trials.map(({ id }) => id).sort())
  assert.equal(isIdle, true)
  assert.deepEqual(pick(relay), { open: 0, bufferedBytes: 0, running: 0 })
  await relay[Symbol.asyncDispose]()
  while (first.sockets.size + second.sockets.size > 0) await setImmediate()
})

function pick({ capacity, drain }: RelayRig) {
  return { open: capacity.open, bufferedBytes: capacity.bufferedBytes, running: drain.running }
}
