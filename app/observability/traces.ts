// The traces of the gateway itself: which requests are traced, and what is told of them when they are over.
import type { IncomingHttpHeaders } from 'node:http'
import type { HttpEnd, HttpObserver } from '../http/observer.ts'
import type { InferenceObserver, RequestRecord, RequestTrace } from '../inference/observer.ts'
import type { Clock } from '../lib/clock.ts'
import { inferenceSpans, plainSpan, type SpanFacts } from './request-spans.ts'
import type { Sampler } from './sampling.ts'
import type { Span } from './span.ts'
import { clientSpan } from './traceparent.ts'

export interface TracesOptions {
  readonly sample: Sampler
  /** The id of a new span, 16 hexadecimal digits. */
  readonly newSpanId: () => string
  /** Takes the spans of one request that is over. Never throws and never waits. */
  readonly spans: (spans: readonly Span[]) => void
  /** Whether a valid `traceparent` of the client becomes a link. */
  readonly linksClients: boolean
  readonly providerOf: SpanFacts['providerOf']
  readonly modelOf: SpanFacts['modelOf']
  readonly clock: Clock
  /** A clock that only goes forward: the one that the records' times are of. */
  readonly monotonic: Clock
}

/** A traced request whose end is not told yet. */
interface Begun extends RequestTrace {
  /** Its record will be told; nothing is to be said when the answer ends. */
  isRecorded: boolean
}

/** Traces requests: decided at their begin, told at their end. Nothing of it travels to an upstream. */
export class Traces implements InferenceObserver, HttpObserver {
  readonly #options: TracesOptions
  readonly #begun = new WeakMap<IncomingHttpHeaders, Begun>()
  readonly #running = new Map<string, string>()

  constructor(options: TracesOptions) {
    this.#options = options
  }

  /** The trace of a request that runs; undefined for one that is not traced. */
  traceIdOf(requestId: string): string | undefined {
    return this.#running.get(requestId)
  }

  began(request: Parameters<HttpObserver['began']>[0], route: string | null): HttpEnd {
    const traceId = this.#options.sample()
    if (traceId === null) return untraced
    const { id: requestId, method, headers } = request
    const trace: Begun = { traceId, isRecorded: false }
    const start = this.#options.monotonic()
    this.#begun.set(headers, trace)
    this.#running.set(requestId, traceId)
    return status => {
      // Of two requests under one id the later one's stays.
      if (this.#running.get(requestId) === traceId) this.#running.delete(requestId)
      if (trace.isRecorded) return
      const facts = this.#facts(traceId, headers)
      const times = { start: facts.epoch(start), end: facts.epoch(this.#options.monotonic()) }
      this.#options.spans([plainSpan({ ...times, requestId, method, route, status }, facts)])
    }
  }

  refused(): void {}

  trace(headers: IncomingHttpHeaders): RequestTrace | null {
    const trace = this.#begun.get(headers)
    if (trace === undefined) return null
    trace.isRecorded = true
    return trace
  }

  streaming(): void {}

  uncounted(): void {}

  over(record: RequestRecord): void {
    if (record.trace === null) return
    this.#options.spans(inferenceSpans(record, this.#facts(record.trace.traceId, record.headers)))
  }

  #facts(traceId: string, headers: IncomingHttpHeaders): SpanFacts {
    const { clock, monotonic, newSpanId, providerOf, modelOf, linksClients } = this.#options
    const shift = clock() - monotonic()
    return {
      ...{ traceId, newSpanId, providerOf, modelOf },
      epoch: time => time + shift,
      link: linksClients ? clientSpan(headers['traceparent']) : null,
    }
  }
}

function untraced(): void {}
