// The model of development mode: it speaks the Messages API and never claims to be Claude.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

const ANSWER =
  'This is a canned answer of the local stand-in model, not of Claude. ' +
  'Your request travelled the whole way: sign-in, gateway, upstream and back. ' +
  'Set ANTHROPIC_API_KEY and start again to reach the real API.'

/** Pause between two words of a streamed answer, so that a person can see it stream. */
const WORD_PAUSE_MS = 25

/** The largest request that the stand-in reads; beyond it the connection is closed. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024

/** A loopback server that speaks the Messages API's format and gives one plainly labelled answer. */
export interface StandInModel extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, to be used as an upstream's `base_url`. */
  readonly url: string
}

/** Starts the stand-in on a free loopback port. */
export async function startStandInModel(): Promise<StandInModel> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the stand-in model got no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Asked {
  readonly model: string
  readonly stream: boolean
  readonly inputTokens: number
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = await readRequest(request)
  const path = (request.url ?? '').split('?')[0]
  if (request.method !== 'POST' || asked === null) return refuse(response, 400, 'invalid_request_error')
  if (path === '/v1/messages/count_tokens') return sendJson(response, { input_tokens: asked.inputTokens })
  if (path !== '/v1/messages') return refuse(response, 404, 'not_found_error')
  if (asked.stream) return streamAnswer(response, asked)
  sendJson(response, {
    ...message(asked),
    content: [{ type: 'text', text: ANSWER }],
    stop_reason: 'end_turn',
    usage: { input_tokens: asked.inputTokens, output_tokens: words().length },
  })
}

async function readRequest(request: IncomingMessage): Promise<Asked | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_REQUEST_BYTES) return null
    chunks.push(chunk)
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (typeof body !== 'object' || body === null) return null
    const model = 'model' in body && typeof body.model === 'string' ? body.model : 'unknown'
    return { model, stream: 'stream' in body && body.stream === true, inputTokens: Math.ceil(length / 4) }
  } catch {
    return null // not JSON: the caller answers 400
  }
}

async function streamAnswer(response: ServerResponse, asked: Asked): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  const usage = { input_tokens: asked.inputTokens, output_tokens: 1 }
  response.write(event('message_start', { message: { ...message(asked), content: [], usage } }))
  response.write(event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }))
  for (const word of words()) {
    if (response.destroyed) return
    response.write(event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: word } }))
    await wait(WORD_PAUSE_MS)
  }
  response.write(event('content_block_stop', { index: 0 }))
  response.write(
    event('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: words().length },
    }),
  )
  response.end(event('message_stop', {}))
}

function words(): string[] {
  return ANSWER.split(/(?<= )/)
}

function message(asked: Asked): object {
  return {
    ...{ id: 'msg_stand_in', type: 'message', role: 'assistant', model: asked.model },
    ...{ stop_reason: null, stop_sequence: null },
  }
}

function event(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
}

function sendJson(response: ServerResponse, body: object): void {
  response
    .writeHead(200, { 'content-type': 'application/json', 'request-id': 'req_stand_in' })
    .end(JSON.stringify(body))
}

function refuse(response: ServerResponse, status: number, type: string): void {
  const body = { type: 'error', error: { type, message: 'the stand-in model cannot answer this request' } }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
