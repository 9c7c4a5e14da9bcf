// An upstream whose faults are written in the request: each body says what is to happen to it.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { delta, REPLY_EVENTS } from './sse.ts'
import { errorAnswer, jsonAnswer, type RecordedRequest, streamHead } from './upstream.ts'

/** Emits the id of a request that is answered with silence. */
export const silences = new EventEmitter()

/** What an upstream does with a request. */
export interface Fault {
  readonly kind: 'stream' | 'gzip stream' | 'json' | 'long json' | 'error' | 'overload' | 'silence'
  /** After how much of the answer the connection ends, from 0 to 1; null for never. */
  readonly cutAt: number | null
  /** Whether it ends in a reset. */
  readonly isReset: boolean
  /** Into how many pieces the answer is divided. */
  readonly pieces: number
}

const COUNTED: Fault = { kind: 'json', cutAt: null, isReset: false, pieces: 1 }
const MESSAGE = { type: 'message', input_tokens: 1, usage: { input_tokens: 1, output_tokens: 2 } }

/** The body of every whole stream, and where its events end. */
export const STREAM = [
  ...REPLY_EVENTS.slice(0, 2),
  ...Array.from({ length: 40 }, () => delta('x'.repeat(900))),
  ...REPLY_EVENTS.slice(-3),
].join('')
export const EVENT_ENDS = new Set([...STREAM.matchAll(/\n\n/g)].map(({ index }) => index + 2).concat(0))

/** The body of every whole reply of that kind. */
export const JSON_REPLIES: Readonly<Record<string, string>> = {
  json: JSON.stringify(MESSAGE),
  'long json': JSON.stringify({ ...MESSAGE, content: 'y'.repeat(400_000) }),
}

/** Plays the fault that the request's body lists for this upstream. */
export async function playFault({ body }: RecordedRequest, socket: Socket, place: number): Promise<void> {
  const { id, faults }: { id?: string; faults?: Fault[] } = JSON.parse(body.toString())
  // What a client gave up may be counted afterwards; of its body only what counts is sent.
  const fault = faults === undefined ? COUNTED : faults[place]
  if (fault === undefined) throw new Error(`no fault is planned for upstream ${place}`)
  if (fault.kind === 'silence') {
    silences.emit(`${id}`)
    return
  }
  const answer = answerOf(fault.kind)
  const end = fault.cutAt === null ? answer.length : Math.floor(answer.length * fault.cutAt)
  const size = Math.ceil(end / fault.pieces)
  for (let at = 0; at < end; at += size) {
    if (socket.destroyed) return
    socket.write(answer.subarray(at, Math.min(end, at + size)))
    await setImmediate()
  }
  if (fault.cutAt === null) return
  if (fault.isReset) socket.resetAndDestroy()
  else socket.destroySoon()
}

function answerOf(kind: Exclude<Fault['kind'], 'silence'>): Buffer {
  switch (kind) {
    case 'stream':
      return chunked(streamHead(), Buffer.from(STREAM))
    case 'gzip stream':
      return chunked(streamHead({ 'content-encoding': 'gzip' }), gzipSync(STREAM))
    case 'error':
      return errorAnswer(400, 'invalid_request_error')
    case 'overload':
      return errorAnswer(529, 'overloaded_error')
    default:
      return jsonAnswer(JSON.parse(JSON_REPLIES[kind] ?? '{}'))
  }
}

function chunked(head: Buffer, body: Buffer): Buffer {
  const length = Buffer.from(`${body.length.toString(16)}\r\n`)
  return Buffer.concat([head, length, body, Buffer.from('\r\n0\r\n\r\n')])
}
