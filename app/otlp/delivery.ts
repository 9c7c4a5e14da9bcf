// One attempt to hand an export over: the request, its deadlines, and what came of it.
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Clock } from '../lib/clock.ts'
import { type AttemptEnd, retryAfterMs } from './outcome.ts'
import { rejectedItems } from './partial-success.ts'

export interface DeliveryRequest {
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>
  readonly origin: string
  readonly path: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Buffer
  /** The time of day, for dates in `Retry-After`. */
  readonly wallClock: Clock
}

/** What came of it, and how many items a collector that accepted it threw away. */
export interface Delivered {
  readonly end: AttemptEnd
  readonly rejected: number
}

/** From the start to the answer's head, and, however it drips, to its end. */
const FIRST_BYTE_MS = 10_000
const TOTAL_MS = 30_000

/** As much of the answer as is read. */
const MAX_ANSWER_BYTES = 65_536

/** A request on its way. */
export interface Delivery {
  /** Never rejects. */
  readonly done: Promise<Delivered>
  /** Ends an attempt that takes `ms` by now, if that is too long. */
  judgeAge(ms: number): void
  abort(): void
}

/** Sends the request. */
export function deliver(request: DeliveryRequest): Delivery {
  const { promise, resolve } = Promise.withResolvers<Delivered>()
  const exchange = new Exchange(resolve, request.wallClock)
  start(request, exchange)
  return {
    done: promise,
    judgeAge(ms) {
      if (ms >= (exchange.hasBegun ? TOTAL_MS : FIRST_BYTE_MS)) exchange.giveUp('no answer in time')
    },
    abort: () => exchange.giveUp('given up'),
  }
}

/**
 * The body goes as a list of one: undici counts a lone buffer as sent when it has taken it, and a list when the last of
 * it has left the process, which is what decides whether a repeat may count twice (T-13).
 */
function start({ dispatcher, origin, path, headers, body }: DeliveryRequest, exchange: Exchange): void {
  const length = ['content-length', String(body.length)]
  try {
    dispatcher.dispatch(
      // undici sends any iterable (its documentation of `dispatch`); its types name streams only.
      { origin, path, method: 'POST', headers: [...headers, ...length], body: [body] as object as Buffer },
      exchange,
    )
  } catch (error) {
    exchange.onResponseError(null, error instanceof Error ? error : new Error(String(error)))
  }
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (delivered: Delivered) => void
  readonly #wallClock: Clock
  #controller: Dispatcher.DispatchController | null = null
  #wasSent = false
  #isOver = false
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #answer: Buffer[] = []
  #length = 0

  constructor(resolve: (delivered: Delivered) => void, wallClock: Clock) {
    this.#resolve = resolve
    this.#wallClock = wallClock
  }

  get hasBegun(): boolean {
    return this.#status !== 0
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) controller.abort(OVER)
  }

  onRequestSent(): void {
    this.#wasSent = true
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return
    this.#controller = controller
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#length += chunk.length
    if (this.#length <= MAX_ANSWER_BYTES) this.#answer.push(Buffer.from(chunk))
    else this.#answered()
  }

  onResponseEnd(): void {
    this.#answered()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    // The status is the answer; what followed it was not needed.
    if (this.#status !== 0) this.#answered()
    else this.#finish({ end: broken(error, this.#wasSent), rejected: 0 })
  }

  /** Ends the attempt from this side. */
  giveUp(cause: string): void {
    if (this.#status !== 0) this.#answered()
    else this.#finish({ end: { kind: 'broke', isTimeout: true, wasSent: this.#wasSent, cause }, rejected: 0 })
  }

  #answered(): void {
    const status = this.#status
    const retryAfter = retryAfterMs(textOf(this.#headers['retry-after']), this.#wallClock())
    const isWhole = status < 300 && this.#length <= MAX_ANSWER_BYTES
    const type = textOf(this.#headers['content-type'])
    const rejected = isWhole ? rejectedItems(Buffer.concat(this.#answer), type) : 0
    this.#finish({ end: { kind: 'answered', status, retryAfterMs: retryAfter }, rejected })
  }

  #finish(delivered: Delivered): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#controller?.abort(OVER)
    this.#resolve(delivered)
  }
}

const OVER = new Error('the attempt is over')

/** undici's codes for an answer that did not come; a connection that took too long counts as unsent. */
const TIMEOUTS: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** The guard's refusal, and a request that undici does not send: neither becomes better by a repeat. */
const FINAL: ReadonlySet<string> = new Set(['ECONNREFUSED_SSRF', 'UND_ERR_INVALID_ARG'])

function broken(error: Error, wasSent: boolean): AttemptEnd {
  const code = 'code' in error ? String(error.code) : error.name
  const cause = `${code}: ${error.message}`.slice(0, 300)
  if (FINAL.has(code)) return { kind: 'forbidden', cause }
  return { kind: 'broke', isTimeout: TIMEOUTS.has(code), wasSent, cause }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
