// Answers to what is not HTTP, written before there is a request to answer.
import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { plainHeaders } from './common-headers.ts'
import { REFUSALS, Refusal, type RefusalCode } from './errors.ts'
import { messagesBody } from './refusal-body.ts'

type AnswerParserError = (error: NodeJS.ErrnoException, socket: Socket) => void

/**
 * Answers what Node's parser refuses, before there is a request: the bytes are written by hand.
 *
 * Nothing is logged or audited; a scanner would fill both.
 */
export function createParserErrors({ isHttps }: { isHttps: boolean }): AnswerParserError {
  const answered = new WeakSet<Socket>()

  return (error, socket) => {
    if (answered.has(socket)) return
    const refusal = refusalOf(error)
    if (refusal === null || !socket.writable || hasBegunAnswer(socket)) {
      socket.destroy()
      return
    }
    answered.add(socket)
    socket.end(rawAnswer(refusal, isHttps))
    closeSoon(socket)
  }
}

const MAX_DRAINED_BYTES = 65_536
const MAX_DRAINING_MS = 500

function refusalOf({ code = '' }: NodeJS.ErrnoException): Refusal | null {
  if (code === 'HPE_HEADER_OVERFLOW') return new Refusal('headers_too_large', 'the headers are too large')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Refusal('request_timeout', 'the request did not arrive in time')
  }
  return code.startsWith('HPE_') ? new Refusal('bad_request', 'the request is not valid HTTP') : null
}

/** Reports whether an answer is on its way already: bytes of another one would be taken for its body. */
function hasBegunAnswer(socket: Socket & { _httpMessage?: { headersSent: boolean } | null }): boolean {
  // Node keeps the response in progress there, and has no public name for it.
  return socket._httpMessage?.headersSent === true
}

function rawAnswer(refusal: Refusal, isHttps: boolean): string {
  const id = randomUUID()
  const code: RefusalCode = refusal.code
  const body = messagesBody(refusal, id)
  const headers = {
    ...plainHeaders(id, isHttps),
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'request-id': id,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
    date: new Date().toUTCString(),
  }
  const { status } = REFUSALS[code]
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`
}

/** Lets the sender read the answer while a little more arrives, then closes whatever it does. */
function closeSoon(socket: Socket): void {
  const limit = socket.bytesRead + MAX_DRAINED_BYTES
  const destroy = () => socket.destroy()
  const timer = setTimeout(destroy, MAX_DRAINING_MS)
  socket.on('close', () => clearTimeout(timer))
  socket.on('end', destroy)
  socket.on('data', () => {
    if (socket.bytesRead > limit) destroy()
  })
  socket.resume()
}
