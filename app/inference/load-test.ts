// A rehearsal: everything runs as ever, but no request leaves, and a canned reply comes back in its place.
import type { FastifyRequest } from 'fastify'
import type { Dispatcher } from 'undici'
import type { LoadTestConfig } from '../config/http-tuning.ts'
import { Refusal } from '../http/errors.ts'
import type { Identity } from '../identity/identity.ts'
import type {} from '../session/bearer.ts'
import { amazonFrame } from './amazon-frame-text.ts'
import type { Call, Cloud } from './upstreams/upstream.ts'

export interface LoadTest {
  /** Whose request it counts as: `x-load-test-user: 7` makes the developer `<sub>+loadtest-7`. */
  identityOf(request: FastifyRequest): Identity
  /** Answers `call` through `handler`, as an upstream whose streams are framed so would. */
  answer(call: Call, handler: Dispatcher.DispatchHandler, framing?: Cloud['framing']): void
}

export function createLoadTest(config: LoadTestConfig): LoadTest {
  return {
    identityOf(request) {
      const { identity } = request.session
      const number = request.headers['x-load-test-user']
      if (number === undefined) return identity
      if (typeof number !== 'string' || !/^[0-9]{1,7}$/.test(number))
        throw new Refusal('bad_request', 'x-load-test-user must be a whole number of 1 to 7 digits')
      return { ...identity, sub: `${identity.sub}+loadtest-${Number(number)}` }
    },
    answer(call, handler, framing) {
      new CannedReply(call, handler, { config, framing }).start()
    },
  }
}

const FIRST_SENTENCE = 'This is a canned reply: the gateway is in load test mode and asked no model. '
const FILLER = 'It only takes the time and room of one. '
/** A token is about four characters. */
const CHARACTERS_PER_TOKEN = 4
const DELTAS_PER_SECOND = 10
const USAGE = { input_tokens: 0, output_tokens: 0 }

/** What one event of a stream holds. */
type Document = Readonly<Record<string, unknown>> & { readonly type: string }

/** One reply on its way; it heeds the reader's back-pressure and abort like a connection. */
class CannedReply implements Dispatcher.DispatchController {
  readonly #call: Call
  readonly #handler: Dispatcher.DispatchHandler
  readonly #config: LoadTestConfig
  readonly #framing: Cloud['framing']
  #events: (readonly Document[])[] = []
  #timer: NodeJS.Timeout | undefined
  aborted = false
  paused = false
  reason: Error | null = null

  constructor(
    call: Call,
    handler: Dispatcher.DispatchHandler,
    { config, framing }: { config: LoadTestConfig; framing: Cloud['framing'] },
  ) {
    this.#call = call
    this.#handler = handler
    this.#config = config
    this.#framing = framing
  }

  start(): void {
    this.#handler.onRequestStart?.(this, {})
    this.#handler.onRequestSent?.()
    const { operation, stream } = this.#call
    if (operation === 'count_tokens') this.#answerCount()
    else if (stream) this.#answerStream()
    else
      this.#answerJson({
        ...message(),
        content: [{ type: 'text', text: this.#text() }],
        stop_reason: 'end_turn',
      })
  }

  abort(reason: Error): void {
    this.aborted = true
    this.reason = reason
    clearInterval(this.#timer)
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  #answerCount(): void {
    if (this.#framing === undefined) this.#answerJson({ input_tokens: 0 })
    else this.#answerJson({ message: 'there is no counting in a load test' }, 501)
  }

  #answerJson(body: object, status = 200): void {
    const bytes = Buffer.from(JSON.stringify(body))
    const headers = { 'content-type': 'application/json', 'content-length': String(bytes.length) }
    this.#handler.onResponseStart?.(this, status, headers)
    this.#handler.onResponseData?.(this, bytes)
    if (!this.aborted) this.#handler.onResponseEnd?.(this, {})
  }

  #answerStream(): void {
    this.#events = streamEvents(this.#text(), Math.ceil(this.#config.reply_seconds * DELTAS_PER_SECOND))
    const everyMs = (this.#config.reply_seconds * 1000) / this.#events.length
    const type =
      this.#framing === 'amazon' ? 'application/vnd.amazon.eventstream' : 'text/event-stream; charset=utf-8'
    this.#handler.onResponseStart?.(this, 200, { 'content-type': type })
    this.#timer = setInterval(() => this.#next(), everyMs)
    this.#next()
  }

  #next(): void {
    if (this.paused || this.aborted) return
    const documents = this.#events.shift()
    if (documents !== undefined) {
      const frame = this.#framing === 'amazon' ? amazonFrame : event
      this.#handler.onResponseData?.(this, Buffer.concat(documents.map(frame)))
      if (this.#events.length > 0) return
    }
    clearInterval(this.#timer)
    if (!this.aborted) this.#handler.onResponseEnd?.(this, {})
  }

  #text(): string {
    const length = this.#config.reply_tokens * CHARACTERS_PER_TOKEN
    const filler = FILLER.repeat(Math.ceil(Math.max(0, length - FIRST_SENTENCE.length) / FILLER.length))
    return (FIRST_SENTENCE + filler).slice(0, Math.max(length, FIRST_SENTENCE.length))
  }
}

function message(): object {
  return {
    id: 'msg_loadtest',
    type: 'message',
    role: 'assistant',
    model: 'load-test',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: USAGE,
  }
}

/** The documents of a stream, those together that are sent together. */
function streamEvents(text: string, deltas: number): Document[][] {
  const size = Math.ceil(text.length / Math.max(1, deltas))
  const pieces: string[] = []
  for (let at = 0; at < text.length; at += size) pieces.push(text.slice(at, at + size))
  return [
    [
      { type: 'message_start', message: message() },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ],
    ...pieces.map(piece => [
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } },
    ]),
    [
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: USAGE },
      { type: 'message_stop' },
    ],
  ]
}

function event(document: Document): Buffer {
  return Buffer.from(`event: ${document.type}\ndata: ${JSON.stringify(document)}\n\n`)
}
