// A loopback model provider for the bench: reads a request, answers JSON, 200 events at once, or one event a second; to one model
// with what costs nothing.
import { createServer, type ServerResponse } from 'node:http'

const USAGE = {
  input_tokens: 1200,
  output_tokens: 1,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
}

const JSON_REPLY = Buffer.from(
  JSON.stringify({
    id: 'msg_bench',
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-4-5-20251001',
    content: [{ type: 'text', text: 'A short answer. '.repeat(60) }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { ...USAGE, output_tokens: 240 },
  }),
)

/** An error under the status of an answer: it costs nothing. */
const FREE_REPLY = Buffer.from(
  JSON.stringify({ type: 'error', error: { type: 'api_error', message: 'a short answer. '.repeat(60) } }),
)

function sse(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
}

const OPENING =
  sse('message_start', {
    message: {
      id: 'msg_bench',
      type: 'message',
      role: 'assistant',
      content: [],
      model: 'bench',
      usage: USAGE,
    },
  }) + sse('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
const DELTA = sse('content_block_delta', {
  index: 0,
  delta: { type: 'text_delta', text: 'some words of an answer ' },
})
const CLOSING =
  sse('content_block_stop', { index: 0 }) +
  sse('message_delta', {
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 950 },
  }) +
  sse('message_stop', {})

/** Events arrive in writes of ten, as a provider's packets join several. */
function answerWithEvents(response: ServerResponse, events: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  response.write(OPENING)
  let left = events - 5
  const step = () => {
    if (left <= 0) {
      response.end(CLOSING)
      return
    }
    response.write(DELTA.repeat(Math.min(10, left)))
    left -= 10
    setImmediate(step)
  }
  step()
}

function answerSlowly(response: ServerResponse, seconds: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  response.write(OPENING)
  let left = seconds
  const timer = setInterval(() => {
    left -= 1
    if (left > 0) {
      response.write(DELTA)
      return
    }
    clearInterval(timer)
    response.end(CLOSING)
  }, 1000)
  response.on('close', () => clearInterval(timer))
}

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  let head = ''
  let tail = ''
  request.on('data', (chunk: Buffer) => {
    if (head.length < 512) head += chunk.toString('latin1', 0, 512)
    tail = chunk.toString('latin1', Math.max(0, chunk.length - 512))
  })
  request.on('end', () => {
    head += tail // a gateway that writes the body anew puts its members in an order of its own
    const isSlow = head.includes('claude-opus-4-8')
    const slow = isSlow ? /"max_tokens":(\d+)/.exec(head) : null
    if (slow) answerSlowly(response, Number(slow[1]))
    else if (head.includes('"stream":true')) answerWithEvents(response, 200)
    else {
      const reply = head.includes('claude-sonnet-4-6') ? FREE_REPLY : JSON_REPLY
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': String(reply.length) })
        .end(reply)
    }
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 8192 }, () => {
  const address = server.address()
  process.send?.({ port: address !== null && typeof address === 'object' ? address.port : 0 })
})
process.on('disconnect', () => process.exit(0))
