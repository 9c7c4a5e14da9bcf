// Many requests of one developer at once: streams and documents, some of which the client leaves and the upstream cuts.
import { openPost, post } from './relay-client.ts'
import { sse } from './sse.ts'
import { chunk, jsonAnswer, LAST_CHUNK, type Script, streamHead } from './upstream.ts'
import { ASK } from './whole-gateway.ts'

/** What becomes of a request: an answer that ends, or one that somebody ends before its time. */
export type Fate = 'stream' | 'document' | 'left' | 'cut'

export const FATES: readonly Fate[] = ['stream', 'document', 'left', 'cut', 'stream', 'document']

/** An upstream that never tells two answers the same number of input tokens; 5 tokens come out of each. */
export function countingUpstream(): Script {
  let answers = 0
  return ({ body }, socket) => {
    answers += 1
    const usage = { input_tokens: answers, output_tokens: 5 }
    const message = { type: 'message', role: 'assistant', model: 'claude-sonnet-5', content: [] }
    const { stream, system } = JSON.parse(body.toString())
    if (stream !== true) return jsonAnswer({ ...message, usage })
    const start = sse('message_start', { message: { ...message, usage: { ...usage, output_tokens: 1 } } })
    socket.write(Buffer.concat([streamHead(), chunk(start)]))
    if (system === 'cut') socket.end()
    if (system !== 'stream') return undefined
    const end = sse('message_delta', { delta: { stop_reason: 'end_turn' }, usage }) + sse('message_stop')
    return Buffer.concat([chunk(end), LAST_CHUNK])
  }
}

/** What the client saw of an answer. */
export interface Seen {
  /** The number of input tokens that the answer told, or null. */
  readonly tokens: number | null
  /** Whether the end of the answer was there. */
  readonly isWhole: boolean
}

/** Sends one request and sees it to its end. */
export async function ask(port: number, { bearer, fate }: { bearer: string; fate: Fate }): Promise<Seen> {
  const options = {
    headers: { authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ ...ASK, stream: fate !== 'document', system: fate }),
  }
  if (fate === 'left') {
    const socket = openPost(port, options)
    const { promise, resolve } = Promise.withResolvers<string>()
    socket.once('data', data => resolve(data.toString()))
    socket.once('end', () => resolve('')).once('close', () => resolve(''))
    const tokens = tokensIn(await promise)
    socket.destroy()
    return { tokens, isWhole: false }
  }
  const { body, isComplete, status } = await post(port, options)
  return { tokens: tokensIn(body), isWhole: status === 200 && isComplete }
}

function tokensIn(text: string): number | null {
  const [, tokens] = /"input_tokens":(\d+)/.exec(text) ?? []
  return tokens === undefined ? null : Number(tokens)
}
