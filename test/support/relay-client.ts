import { connect, type Socket } from 'node:net'
import { parseAnswer, type RawAnswer, received } from './raw-http.ts'
import { unchunk } from './sse.ts'

export interface PostOptions {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** Of HTTP. Default 1.1. */
  readonly version?: '1.0' | '1.1'
}

/** A request for `claude-test`. */
export const BODY = '{"model":"claude-test","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}'
export const STREAM_BODY = `{"stream":true,${BODY.slice(1)}`

/** An answer on the wire, with what its framing says: whole, or broken off. */
export interface PostAnswer extends RawAnswer {
  readonly isComplete: boolean
}

/** Posts on a connection of its own and reads until the server ends it. */
export async function post(port: number, options: PostOptions = {}): Promise<PostAnswer> {
  return parsed(await received(openPost(port, options)))
}

/** The connection with the request written, for tests that read or leave it in their own way. */
export function openPost(port: number, options: PostOptions): Socket {
  const { path = '/v1/messages', headers = {}, body = BODY, version = '1.1' } = options
  const bytes = Buffer.from(body)
  const fields = {
    host: 'gateway.test',
    authorization: 'Bearer session-token',
    connection: 'close',
    'content-length': String(bytes.length),
    ...headers,
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  socket.write(Buffer.concat([Buffer.from(`POST ${path} HTTP/${version}\r\n${lines.join('')}\r\n`), bytes]))
  return socket
}

function parsed(text: string): PostAnswer {
  const raw = parseAnswer(text)
  if (raw.headers['transfer-encoding'] === 'chunked') {
    const { body, isComplete } = unchunk(raw.body)
    return { ...raw, body, isComplete }
  }
  return { ...raw, isComplete: raw.body.length === Number(raw.headers['content-length'] ?? -1) }
}
