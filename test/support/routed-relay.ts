// Two upstreams that can be switched off and on, behind a relay whose clock stands still until it is moved.
import type { TestContext } from 'node:test'
import { type PostOptions, post } from './relay-client.ts'
import { type RigOptions, startRelay } from './relay-rig.ts'
import { jsonAnswer, type Script, startUpstream, type TestUpstream } from './upstream.ts'

export const OVERLOADED: Script = () =>
  jsonAnswer({ type: 'error', error: { type: 'overloaded_error', message: 'no' } }, { status: 529 })

/** A reply that wrote or read that many tokens of a cache. */
export function reply(usage: object = {}): Script {
  const body = {
    type: 'message',
    model: 'm',
    content: [],
    usage: { input_tokens: 1, output_tokens: 1, ...usage },
  }
  return () => jsonAnswer(body)
}

/** A request in the conversation that begins with `text`. */
export function bodyOf(text: string): string {
  return JSON.stringify({ model: 'claude-test', max_tokens: 9, messages: [{ role: 'user', content: text }] })
}

/** The upstreams `a`, `b` … answer as `scripts` says at the time. */
export async function startRouted(
  t: TestContext,
  given: readonly Script[],
  options: Partial<RigOptions> = {},
) {
  const scripts = [...given]
  const time = { now: 1_000_000 }
  const upstreams: TestUpstream[] = []
  for (const index of given.keys())
    upstreams.push(await startUpstream((request, socket) => scripts[index]?.(request, socket)))
  const relay = await startRelay({
    clock: () => time.now,
    ...options,
    upstreams: upstreams.map(({ origin }, index) => ({ name: 'abc'[index] ?? '', base_url: origin })),
  })
  t.after(async () => {
    await relay[Symbol.asyncDispose]()
    for (const upstream of upstreams) await upstream[Symbol.asyncDispose]()
  })
  let asked = 0
  return {
    ...{ relay, scripts, time, upstreams },
    /** How often each upstream was asked since the last look. */
    counts: counter(upstreams),
    /** Sends one request; answers the status, and why which upstream was asked first. */
    async ask(options: PostOptions = {}): Promise<string> {
      const { status } = await post(relay.port, options)
      asked += 1
      const event = (await relay.audited(asked))[asked - 1]
      return [status, event?.routing, event?.upstream ?? '-'].join(' ')
    },
  }
}

function counter(upstreams: readonly TestUpstream[]): () => number[] {
  let before = upstreams.map(() => 0)
  return () => {
    const now = upstreams.map(({ requests }) => requests.length)
    const since = now.map((count, index) => count - (before[index] ?? 0))
    before = now
    return since
  }
}
