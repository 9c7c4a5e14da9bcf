// What the provider's own client makes of an answer, as values that can be compared.
import Anthropic from '@anthropic-ai/sdk'
import { REPLY_EVENTS, sse } from './sse.ts'
import { chunk, LAST_CHUNK, type Script, streamHead } from './upstream.ts'

export const ASK = {
  model: 'claude-test',
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'hi' }],
}
export const TOOLS = [
  { name: 'weather', input_schema: { type: 'object' as const, properties: { city: { type: 'string' } } } },
]

/** The client of a developer who is signed in at that port. */
export function clientAt(port: number, maxRetries = 0): Anthropic {
  return new Anthropic({
    ...{ authToken: 'session-token', apiKey: null, maxRetries },
    baseURL: `http://127.0.0.1:${port}`,
  })
}

/** Everything that the client makes of a stream, its errors included. */
export async function told(client: Anthropic, ask: Anthropic.MessageStreamParams): Promise<unknown[]> {
  const events: unknown[] = []
  try {
    for await (const event of client.messages.stream(ask)) events.push(structuredClone(event))
  } catch (error) {
    events.push(failureOf(error))
  }
  return events
}

export function failureOf(error: unknown): unknown {
  if (!(error instanceof Anthropic.APIError)) return error
  return { class: error.constructor.name, status: error.status, error: withoutId(error.error) }
}

/** The id of a request differs by its nature. */
function withoutId(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body ?? null, (key, value) => (key === 'request_id' ? undefined : value)))
}

export function streamOf(events: readonly string[]): Script {
  return () => Buffer.concat([streamHead(), ...events.map(event => chunk(event)), LAST_CHUNK])
}

export const TOOL_EVENTS = [
  REPLY_EVENTS[0] ?? '',
  sse('content_block_start', {
    index: 0,
    content_block: { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} },
  }),
  sse('content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json: '{"city":' } }),
  sse('content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json: '"Zürich"}' } }),
  sse('content_block_stop', { index: 0 }),
  sse('message_delta', {
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 9 },
  }),
  sse('message_stop'),
]
