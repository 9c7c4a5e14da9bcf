// A scripted upstream on loopback: records every byte of the requests and answers with exactly the bytes it is told.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** One request as it stood on the wire. */
export interface RecordedRequest {
  /** Method, path and version. */
  readonly line: string
  readonly path: string
  /** Names in lower case; a repeated one is joined with a line break, so that it shows. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Answers on the socket; a Buffer that it returns is written, and the connection kept. */
export type Script = (request: RecordedRequest, socket: Socket) => unknown

export interface TestUpstream extends AsyncDisposable {
  readonly port: number
  readonly origin: string
  readonly requests: readonly RecordedRequest[]
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>
  /** Resolves with the request of that number, counted from 1. */
  request(number: number): Promise<RecordedRequest>
}

export async function startUpstream(script: Script): Promise<TestUpstream> {
  const requests: RecordedRequest[] = []
  const sockets = new Set<Socket>()
  const waiting = new Map<number, (request: RecordedRequest) => void>()
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    readRequests(socket, request => {
      requests.push(request)
      waiting.get(requests.length)?.(request)
      const answer = script(request, socket)
      if (Buffer.isBuffer(answer)) socket.write(answer)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the upstream has no port')
  const { port } = address
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    requests,
    sockets,
    request(number) {
      const there = requests[number - 1]
      if (there !== undefined) return Promise.resolve(there)
      const { promise, resolve } = Promise.withResolvers<RecordedRequest>()
      waiting.set(number, resolve)
      return promise
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function readRequests(socket: Socket, onRequest: (request: RecordedRequest) => void): void {
  let chunks: Buffer[] = []
  let length = 0
  let wanted = 0
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    while (length > 0 && length >= wanted) {
      const bytes = Buffer.concat(chunks)
      const end = bytes.indexOf('\r\n\r\n')
      const head = end === -1 ? null : parseHead(bytes.toString('latin1', 0, end))
      const total =
        head === null ? Number.POSITIVE_INFINITY : end + 4 + Number(head.headers['content-length'] ?? 0)
      chunks = [bytes]
      if (head === null || length < total) {
        wanted = head === null ? length + 1 : total
        return
      }
      chunks = [bytes.subarray(total)]
      length -= total
      wanted = 0
      onRequest({ ...head, body: bytes.subarray(end + 4, total) })
    }
  })
}

function parseHead(text: string): Omit<RecordedRequest, 'body'> {
  const [line = '', ...fields] = text.split('\r\n')
  const headers: Record<string, string> = {}
  for (const field of fields) {
    const name = field.slice(0, field.indexOf(':')).toLowerCase()
    const value = field.slice(field.indexOf(':') + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}\n${value}`
  }
  return { line, path: line.split(' ')[1] ?? '', headers }
}

interface AnswerOptions {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** A complete answer with a length. */
export function answer({ status = 200, headers = {}, body = '' }: AnswerOptions): Buffer {
  const bytes = Buffer.from(body)
  return Buffer.concat([head(status, { ...headers, 'content-length': String(bytes.length) }), bytes])
}

/** A JSON answer. */
export function jsonAnswer(body: object, options: Omit<AnswerOptions, 'body'> = {}): Buffer {
  const headers = { 'content-type': 'application/json', ...options.headers }
  return answer({ ...options, headers, body: JSON.stringify(body) })
}

/** An error in the Messages API's envelope. */
export function errorAnswer(status: number, type: string, message = 'no'): Buffer {
  return jsonAnswer({ type: 'error', error: { type, message }, request_id: 'req_upstream' }, { status })
}

/** The head of a stream; its body follows in chunks. */
export function streamHead(headers: Readonly<Record<string, string>> = {}): Buffer {
  return head(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'transfer-encoding': 'chunked',
    ...headers,
  })
}

/** One chunk of a chunked body. */
export function chunk(bytes: string | Buffer): Buffer {
  const data = Buffer.from(bytes)
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')])
}

/** The end of a chunked body. */
export const LAST_CHUNK = Buffer.from('0\r\n\r\n')

function head(status: number, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`HTTP/1.1 ${status} Answer\r\n${lines.join('')}\r\n`, 'latin1')
}
