// A loopback provider for the bench that streams the same reply as server-sent events or in Amazon's frames, by the path.
import { createServer, type ServerResponse } from 'node:http'
import { amazonFrame } from '../app/inference/amazon-frame-text.ts'

type Document = Readonly<Record<string, unknown>> & { readonly type: string }

const usage = { input_tokens: 1200, output_tokens: 1 }
const message = { id: 'msg_bench', type: 'message', role: 'assistant', content: [], model: 'bench', usage }
const OPENING: readonly Document[] = [
  { type: 'message_start', message },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
]
const delta = { type: 'text_delta', text: 'some words of an answer ' }
const DELTA: Document = { type: 'content_block_delta', index: 0, delta }
const CLOSING: readonly Document[] = [
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 950 } },
  { type: 'message_stop' },
]

function sse(document: Document): Buffer {
  return Buffer.from(`event: ${document.type}\ndata: ${JSON.stringify(document)}\n\n`)
}

/** Sends `events` deltas, `joined` of them in each write, and waits `pauseMs` after it when that is not 0. */
function stream(
  response: ServerResponse,
  order: { events: number; joined: number; pauseMs: number; isFramed: boolean },
): void {
  const { events, joined, pauseMs, isFramed } = order
  const encode = isFramed ? amazonFrame : sse
  const some = Buffer.concat(Array<Buffer>(joined).fill(encode(DELTA)))
  const type = isFramed ? 'application/vnd.amazon.eventstream' : 'text/event-stream; charset=utf-8'
  response.writeHead(200, { 'content-type': type })
  response.write(Buffer.concat(OPENING.map(encode)))
  let left = events
  const step = () => {
    if (left <= 0) {
      response.end(Buffer.concat(CLOSING.map(encode)))
      return
    }
    left -= joined
    const goesOn = response.write(some)
    if (pauseMs > 0) setTimeout(step, pauseMs)
    else if (goesOn) setImmediate(step)
    else response.once('drain', step)
  }
  step()
}

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const isFramed = request.url?.endsWith('/invoke-with-response-stream') === true
  request.resume().on('end', () => stream(response, { events, joined, pauseMs, isFramed }))
})
const [events = 2000, joined = 1, pauseMs = 0] = process.argv.slice(2).map(Number)
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: address !== null && typeof address === 'object' ? address.port : 0 })
})
process.on('disconnect', () => process.exit(0))
