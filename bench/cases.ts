/** One kind of request that the bench compares: what is sent, and which reply the upstream gives. */
export interface BenchCase {
  readonly name: string
  readonly body: Buffer
  /** How many requests one round sends after its warm-up. */
  readonly requests: number
}

/** Code-like text, as the prompts of a coding client are: many escapes, short lines. */
function codeText(bytes: number): string {
  const line =
    'export function add(first: number, second: number) {\n  return "sum: " + (first + second)\n}\n'
  return line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes)
}

/** A Messages request of about `bytes` bytes; `stream` is written near the front, where the upstream looks. */
export function messagesBody(bytes: number, options: { stream: boolean; model?: string }): Buffer {
  const head = { model: options.model ?? 'claude-haiku-4-5', stream: options.stream, max_tokens: 1024 }
  const empty = JSON.stringify({ ...head, messages: [{ role: 'user', content: '' }] }).length
  let text = codeText(Math.max(0, bytes - empty))
  const escaped = JSON.stringify(text).length - 2
  text = text.slice(0, Math.floor((text.length * text.length) / Math.max(1, escaped)))
  return Buffer.from(JSON.stringify({ ...head, messages: [{ role: 'user', content: text }] }))
}

export const CASES: readonly BenchCase[] = [
  { name: '2 KB, JSON reply', body: messagesBody(2_048, { stream: false }), requests: 4000 },
  { name: '100 KB, JSON reply', body: messagesBody(102_400, { stream: false }), requests: 1500 },
  { name: '1 MB, JSON reply', body: messagesBody(1_048_576, { stream: false }), requests: 200 },
  { name: '20 KB, 200 events', body: messagesBody(20_480, { stream: true }), requests: 600 },
  { name: '200 KB, 200 events', body: messagesBody(204_800, { stream: true }), requests: 400 },
]
