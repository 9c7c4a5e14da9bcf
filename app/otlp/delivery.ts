// One attempt to hand an export over: the request, its deadlines, and what came of it.
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { type AttemptEnd, retryAfterMs } from './outcome.ts'
import { rejectedItems } from './partial-success.ts'

export interface DeliveryRequest {
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>
  readonly origin: string
  readonly path: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Buffer
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
  const exchange = new Exchange(resolve)
  const { dispatcher, origin, path, headers, body } = request
  dispatcher.dispatch({ origin, path, method: 'POST', headers: [...headers], body }, exchange)
  return {
    done: promise,
    judgeAge(ms) {
      if (ms >= (exchange.hasBegun ? TOTAL_MS : FIRST_BYTE_MS)) exchange.giveUp('no answer in time')
    },
    abort: () => exchange.giveUp('given up'),
  }
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (delivered: Delivered) => void
  #controller: Dispatcher.DispatchController | null = null
  #wasSent = false
  #isOver = false
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #answer: Buffer[] = []
  #length = 0

  constructor(resolve: (delivered: Delivered) => void) {
    this.#resolve = resolve
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

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
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
    const retryAfter = retryAfterMs(textOf(this.#headers['retry-after']), Date.now())
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

function broken(error: Error, wasSent: boolean): AttemptEnd {
  const code = 'code' in error ? String(error.code) : error.name
  const cause = `${code}: ${error.message}`.slice(0, 300)
  if (code === 'ECONNREFUSED_SSRF') return { kind: 'forbidden', cause }
  return { kind: 'broke', isTimeout: TIMEOUTS.has(code), wasSent, cause }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
