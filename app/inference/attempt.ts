// One request to one upstream: a hand-written handler of undici's, from the request's first byte to the answer's last.
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Answer, AnswerSink, FlowControl, Outcome } from './answer-sink.ts'
import type { AttemptResult, Served } from './attempt-result.ts'
import type { ClientListener, ClientSide } from './client-side.ts'
import { causeOf, reasonOf } from './connection-failure.ts'
import { decoderOf } from './content-encoding.ts'
import { Decoder } from './decoder.ts'
import { ErrorBody } from './error-body.ts'
import type { Unreachable } from './failover.ts'
import { cloudAnswerHeaders, textOf } from './headers.ts'
import type { LoadTest } from './load-test.ts'
import { packedChunks } from './packed-chunks.ts'
import type { ErrorEvent } from './relay.ts'
import { openReplySink } from './reply-sink.ts'
import { credentialsIn, quotes } from './upstream-errors.ts'
import { NO_IDS, type UpstreamIds, upstreamIdsOf } from './upstream-ids.ts'
import type { Call, OutgoingBody, RequestHead, Upstream } from './upstreams/upstream.ts'

/** An error's body that has not ended by then is given up, however busily it drips. */
const ERROR_BODY_MS = 10_000

export interface AttemptOptions {
  readonly upstream: Upstream
  readonly call: Call
  readonly client: ClientSide
  readonly clock: Clock
  readonly log: Log
  /** Answers in the upstream's place while `load_test_mode` is on. */
  readonly loadTest: Pick<LoadTest, 'answer'> | null
  /** How long the head of the answer is waited for, in milliseconds. */
  readonly ttfbMs: number
  /** Whether an error in the place of a stream's content sends the request to another upstream, which is left. */
  readonly holdsStart: boolean
  /** Whether the answer is ended by whoever gets the result, and not here. */
  readonly holdsEnd: boolean
  /** Input tokens to count where the answer tells none. */
  readonly assumedInput: number
  /** How long the upstream may be silent inside an answer, in milliseconds; 0 = for ever. */
  readonly idleMs: number
  /** The request's first byte is about to be written. */
  sending(): void
  /** The first byte of the answer is about to be written. */
  began(status: number, ids: UpstreamIds): void
  /** The upstream has begun to answer with something that will be passed on: the body is no longer needed. */
  bodyDone(): void
  onOddField(field: string): void
  /** Null lets `error` events pass as they are. */
  readonly errorEvent: ErrorEvent | null
  /** A stream is cut because the provider stated an error, in that body. */
  stated(body: Buffer): void
}

export class Attempt implements Dispatcher.DispatchHandler, ClientListener, FlowControl {
  readonly #options: AttemptOptions
  readonly #settle: (result: AttemptResult) => void
  readonly #startedAt: number
  #controller: Dispatcher.DispatchController | null = null
  #sink: AnswerSink | null = null
  #decoder: Decoder | null = null
  #chunks: Buffer[] = []
  #credentials: readonly string[] = []
  #status = 0
  #ids = NO_IDS
  #isOver = false
  #isSent = false
  /** Whether the first byte of an answer that will be passed on has come, be the request sent or not. */
  #hasBegun = false
  #isPaused = false
  #isTouched = true
  #quietSince = 0

  constructor(options: AttemptOptions, settle: (result: AttemptResult) => void) {
    this.#options = options
    this.#settle = settle
    this.#startedAt = options.clock()
  }

  /** Hands the request over; the client's side is listened to until the result is there. */
  start(head: RequestHead, body: OutgoingBody): void {
    const { upstream, call, client, loadTest } = this.#options
    client.listen(this)
    if (loadTest !== null) {
      loadTest.answer(call, this, upstream.cloud?.framing)
      return
    }
    this.#credentials = credentialsIn(head)
    this.#chunks = packedChunks(body.chunks)
    head.headers.push('content-length', String(body.length))
    upstream.dispatcher.dispatch(
      {
        origin: upstream.origin,
        path: head.path,
        method: 'POST',
        headers: head.headers,
        // undici sends any iterable (its documentation of `dispatch`), chunk by chunk; its types name streams only.
        body: this.#chunks as object as Buffer,
      },
      this,
    )
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) controller.abort(GIVEN_UP)
    else this.#options.sending()
  }

  onRequestSent(): void {
    this.#isSent = true
    // undici keeps the list for as long as the answer lasts; the bytes need not live that long.
    this.#chunks.length = 0
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (this.#isOver || status < 200) return
    this.#controller = controller
    this.#status = status
    this.#ids = upstreamIdsOf(headers, this.#options.upstream.cloud)
    const transform = decoderOf(textOf(headers['content-encoding']))
    if (transform === 'unknown') {
      this.#unreachable('aborted', 'an answer in an unknown content-encoding')
      return
    }
    if (transform !== null) this.#decoder = new Decoder(transform, this)
    const flow = this.#decoder?.flow ?? this
    this.#sink = status < 300 ? this.#openRelay(headers, flow) : this.#openErrorBody(headers, flow)
    this.#decoder?.into(this.#sink)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return
    if (this.#status < 300) {
      this.#isTouched = true
      if (this.#sink?.isUndecided !== true) this.#begun()
    }
    if (this.#decoder === null) this.#sink?.data(chunk)
    else this.#decoder.write(chunk)
  }

  onResponseEnd(): void {
    if (this.#isOver) return
    if (this.#decoder === null) this.#sink?.end()
    else this.#decoder.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver) return
    if (this.#sink === null) this.#unreachable(reasonOf(error), causeOf(error))
    else this.#sink.broke()
  }

  pause(): void {
    this.#isPaused = true
    this.#controller?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#controller?.resume()
  }

  clientReady(): void {
    this.#sink?.ready()
  }

  clientGone(): void {
    this.#serve('client_abort')
  }

  drained(): void {
    if (this.#sink?.cut === undefined) this.#options.client.breakOff()
    else this.#sink.cut()
    this.#serve('drained')
  }

  tick(now: number): void {
    const { ttfbMs, idleMs } = this.#options
    this.#sink?.tick?.(now)
    if ((this.#sink === null || this.#sink.isUndecided) && now - this.#startedAt >= ttfbMs) {
      const isHeadless = this.#sink === null
      const cause = isHeadless
        ? `no response head within ${ttfbMs} ms`
        : `no event of a stream within ${ttfbMs} ms`
      this.#unreachable('timeout', cause)
    }
    if (this.#sink === null || this.#isOver) return
    if (this.#isTouched || this.#isPaused) {
      this.#isTouched = false
      this.#quietSince = now
      return
    }
    const limit = this.#status >= 300 ? ERROR_BODY_MS : idleMs
    if (limit > 0 && now - this.#quietSince >= limit) this.#sink.broke()
  }

  #openRelay(headers: IncomingHttpHeaders, flow: FlowControl): AnswerSink {
    const { client, call, clock, log, onOddField, upstream, errorEvent, stated, holdsStart } = this.#options
    const { holdsEnd, assumedInput } = this.#options
    const isCloud = upstream.cloud !== null
    const answer: Answer = {
      client,
      status: this.#status,
      headers: isCloud ? cloudAnswerHeaders(headers, { isError: false }) : headers,
      isDecoded: this.#decoder !== null,
      flow,
      began: () => this.#options.began(this.#status, this.#ids),
      holdsEnd,
      finish: last => this.#complete(last),
      over: outcome => this.#serve(outcome),
      endedEarly: () => this.#finish({ kind: 'ended_early' }),
    }
    return openReplySink({
      ...{ upstream, call, headers, answer, clock, log, onOddField, holdsStart, assumedInput },
      errorEvent:
        errorEvent === null ? null : (data, type) => errorEvent(this.#withoutCredential(data), type),
      stated: body => stated(this.#withoutCredential(body)),
      begun: () => this.#begun(),
      refused: (status, body) =>
        this.#refused(status, { ...headers, 'content-type': 'application/json' }, body),
      unreadable: cause => this.#unreachable('aborted', cause),
    })
  }

  /** The body of the request is not needed any more: its answer has begun. */
  #begun(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#options.bodyDone()
  }

  #openErrorBody(headers: IncomingHttpHeaders, flow: FlowControl): AnswerSink {
    return new ErrorBody(flow, body => this.#refused(this.#status, headers, body))
  }

  #refused(status: number, headers: IncomingHttpHeaders, body: Buffer | null): void {
    this.#finish({
      kind: 'answered',
      upstream: this.#options.upstream.name,
      ids: this.#ids,
      ...{ status, headers },
      // Our credential never travels to a developer, not even in an upstream's own words (H-46).
      body: body !== null && quotes(body, this.#credentials) ? null : body,
    })
  }

  /** The words of an error inside a stream, or none where they hold our credential. */
  #withoutCredential(words: Buffer): Buffer {
    return quotes(words, this.#credentials) ? NO_WORDS : words
  }

  #unreachable(reason: Unreachable['reason'], cause: string): void {
    this.#finish({ kind: 'unreachable', upstream: this.#options.upstream.name, reason, cause })
  }

  /** Where nobody waits, the client does not wait for its answer to be read again either. */
  #complete(last: Buffer | undefined): void {
    const { client, holdsEnd } = this.#options
    if (!holdsEnd) client.end(last)
    this.#serve(undefined, holdsEnd ? { last } : null)
  }

  #serve(outcome: Outcome | undefined, end: Served['end'] = null): void {
    if (this.#isOver) return
    const usage = this.#sink?.usage() ?? null
    const isAbandoned = outcome === 'client_abort' && this.#isSent && usage === null && !this.#hasBegun
    this.#finish({ kind: 'served', outcome, usage, end, isAbandoned })
  }

  #finish(result: AttemptResult): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.client.listen(null)
    // undici keeps the list of an attempt that is still connecting.
    this.#chunks.length = 0
    this.#decoder?.destroy()
    // After an orderly end this does nothing; undici ignores it.
    this.#controller?.abort(GIVEN_UP)
    this.#settle(result)
  }
}

const NO_WORDS = Buffer.from('{}')

const GIVEN_UP = new Error('the attempt is over')
