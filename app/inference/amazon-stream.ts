// Bedrock's streams: frames in, server-sent events of the Messages API out, and until the first of them no answer.
import type { Clock } from '../lib/clock.ts'
import { documentIn, EventText, metricsIn } from './amazon-events.ts'
import { AmazonFrames, type FrameReader } from './amazon-frames.ts'
import { usageOfMetrics } from './amazon-usage.ts'
import type { AnswerSink } from './answer-sink.ts'
import type { ViewedBytes } from './known-bytes.ts'
import { isObject, type ReplyUsage } from './usage-record.ts'

/** What stands behind the stream: the relay to the client, once there is one. */
interface Relay extends AnswerSink {
  /** Passes on whole events, all of them deltas, whose text is so many bytes. */
  deltas(events: Buffer, textBytes: number): void
  tick(now: number): void
  cut(): void
  /** Passes an error on as the stream's last word. */
  fail(data: Buffer, type: string): void
}

export interface AmazonStreamOptions {
  readonly clock: Clock
  /** Begins the answer to the client; called once. */
  commit(): Relay
  /** Before the answer has begun: the provider states an error, as it would have done with that status. */
  refused(status: number, body: Buffer): void
  /** Before the answer has begun: this is no stream. */
  unreadable(cause: string): void
  /** What the log is told of an error after the beginning. */
  stated(body: Buffer): void
  /** Takes Bedrock's own figures, in the Messages API's words, in case the events held none. */
  metrics(usage: object): void
  /** There is no relay yet, and the client has to be left. */
  breakOff(): void
}

/** Without an event for so long, the answer begins all the same, so that the client sees one (I-31). */
const COMMIT_MS = 15_000

interface Stated {
  readonly status: number
  readonly type: string
}

/** Errors that the service's model names (InvokeModelWithResponseStream, "Response Elements"). */
const EXCEPTIONS: Readonly<Record<string, Stated>> = {
  throttlingexception: { status: 429, type: 'rate_limit_error' },
  serviceunavailableexception: { status: 503, type: 'overloaded_error' },
  modeltimeoutexception: { status: 503, type: 'overloaded_error' },
  validationexception: { status: 400, type: 'invalid_request_error' },
}
const OTHER: Stated = { status: 500, type: 'api_error' }

const STATUS_OF: Readonly<Record<string, number>> = {
  ...{ rate_limit_error: 429, overloaded_error: 503, timeout_error: 503, api_error: 500 },
  ...{ authentication_error: 401, permission_error: 403, not_found_error: 404 },
}

/** What a repeat of the request can cure (I-27a): the connection is cut, upon which clients repeat it. */
const CURABLE = new Set(['overloaded_error', 'rate_limit_error', 'api_error', 'timeout_error'])

export class AmazonStream implements AnswerSink, FrameReader {
  readonly #options: AmazonStreamOptions
  readonly #frames = new AmazonFrames()
  readonly #events = new EventText()
  readonly #startedAt: number
  #relay: Relay | null = null
  #stated: (Stated & { readonly body: Buffer }) | null = null
  #hasEnded = false

  constructor(options: AmazonStreamOptions) {
    this.#options = options
    this.#startedAt = options.clock()
  }

  get isUndecided(): boolean {
    return this.#relay === null
  }

  data(chunk: Buffer): void {
    if (this.#hasEnded) return
    this.#events.begin()
    const isReadable = this.#frames.push(chunk, this)
    const events = this.#events.take(chunk)
    if (events !== null) this.#pass(events)
    if (this.#stated !== null) this.#endWith(this.#stated)
    else if (!isReadable) this.#break('a damaged frame')
  }

  chunk(bytes: ViewedBytes, from: number, to: number): void {
    if (this.#stated !== null || this.#events.addDelta(bytes, from, to)) return
    const document = documentIn(bytes.buffer, from, to)
    if (document === null) return
    if (document.type === 'error') this.#state(Buffer.from(document.bytes))
    else this.#events.add(document)
    const usage = document.type === 'message_stop' ? usageOfMetrics(metricsIn(document)) : null
    if (usage !== null) this.#options.metrics(usage)
  }

  exception(type: string | null, payload: Buffer): void {
    this.#stated ??= { ...(EXCEPTIONS[type?.toLowerCase() ?? ''] ?? OTHER), body: payload }
  }

  end(): void {
    if (this.#hasEnded) return
    if (!this.#frames.isBetweenFrames) this.#break('a frame without its end')
    else if (this.#relay === null) this.#break('no event')
    else this.#relay.end()
  }

  broke(): void {
    this.#break('a broken connection')
  }

  ready(): void {
    this.#relay?.ready()
  }

  usage(): ReplyUsage | null {
    return this.#relay?.usage() ?? null
  }

  tick(now: number): void {
    if (this.#relay === null && now - this.#startedAt >= COMMIT_MS) this.#committed()
    this.#relay?.tick(now)
  }

  cut(): void {
    if (this.#relay === null) this.#options.breakOff()
    else this.#relay.cut()
  }

  #pass(events: Buffer): void {
    const relay = this.#committed()
    if (this.#events.hasOnlyDeltas) relay.deltas(events, this.#events.textBytes)
    else relay.data(events)
  }

  #committed(): Relay {
    this.#relay ??= this.#options.commit()
    return this.#relay
  }

  /** An `error` of the Messages API in a document. */
  #state(body: Buffer): void {
    const parsed: unknown = parse(body)
    const error = isObject(parsed) && isObject(parsed['error']) ? parsed['error'] : {}
    const type = typeof error['type'] === 'string' ? error['type'] : OTHER.type
    this.#stated = { status: STATUS_OF[type] ?? 400, type, body }
  }

  #endWith({ status, type, body }: Stated & { readonly body: Buffer }): void {
    this.#hasEnded = true
    if (this.#relay === null) {
      this.#options.refused(status, body)
      return
    }
    if (!CURABLE.has(type)) {
      this.#relay.fail(body, type)
      return
    }
    this.#options.stated(body)
    this.#relay.broke()
  }

  #break(cause: string): void {
    this.#hasEnded = true
    if (this.#relay === null) this.#options.unreadable(`the stream: ${cause}`)
    else this.#relay.broke()
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return null
  }
}
