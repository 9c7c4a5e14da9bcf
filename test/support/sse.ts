// Streams as the Messages API sends them, to be scripted and to be compared.

/** One event as it stands on the wire. */
export function sse(type: string, data: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
}

/** A short reply of 27 characters in three deltas, with usage: 11 in, 5 out. */
export const REPLY_EVENTS: readonly string[] = [
  sse('message_start', {
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-served',
      content: [],
      usage: { input_tokens: 11, output_tokens: 1 },
    },
  }),
  sse('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  sse('ping'),
  delta('The quick '),
  delta('brown fox '),
  delta('jumps!!'),
  sse('content_block_stop', { index: 0 }),
  sse('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } }),
  sse('message_stop'),
]

/** A delta of text. */
export function delta(text: string): string {
  return sse('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })
}

/** The bytes of a chunked body so far, and whether its end was there. */
export function unchunk(text: string): { body: string; isComplete: boolean } {
  let at = 0
  let body = ''
  for (;;) {
    const line = text.indexOf('\r\n', at)
    if (line === -1) return { body, isComplete: false }
    const size = Number.parseInt(text.slice(at, line), 16)
    if (size === 0) return { body, isComplete: text.startsWith('\r\n', line + 2) }
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
    if (at > text.length) return { body, isComplete: false }
  }
}
