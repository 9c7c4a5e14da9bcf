// What is told of one traced request, once everything about it is known.
import type { AttemptRecord, Lapse, RequestRecord } from '../inference/observer.ts'
import type { ReplyUsage } from '../inference/usage-record.ts'
import type { Span, SpanAttributes, SpanEvent } from './span.ts'
import type { ClientSpan } from './traceparent.ts'

/** What the record does not say. */
export interface SpanFacts {
  readonly traceId: string
  /** The id of a new span, 16 hexadecimal digits. */
  readonly newSpanId: () => string
  /** Turns a time of the record into milliseconds since the Unix epoch. */
  readonly epoch: (time: number) => number
  /** The provider of an upstream, as OpenTelemetry names it. */
  readonly providerOf: (upstream: string) => string | undefined
  /** The catalogue's id for what a client asked for. */
  readonly modelOf: (requested: string) => string
  readonly link: ClientSpan | null
}

/** The span of an inference request, and below it the bearer check, the looks at spend and every attempt (T-34). */
export function inferenceSpans(record: RequestRecord, facts: SpanFacts): Span[] {
  const { traceId, newSpanId, epoch } = facts
  const spanId = newSpanId()
  const child = { traceId, parentId: spanId, events: [], link: null }
  const internal = (name: string, { startedAt, endedAt }: Lapse): Span => ({
    ...{ ...child, spanId: newSpanId(), name, kind: 'internal' },
    ...{ start: epoch(startedAt), end: epoch(endedAt), isError: false, attributes: {} },
  })
  return [
    {
      ...{ traceId, spanId, parentId: null, kind: 'server', link: facts.link },
      name: `POST ${routeOf(record)}`,
      start: epoch(record.receivedAt),
      end: epoch(record.endedAt),
      isError: record.status >= 500 || record.outcome === 'upstream_abort',
      attributes: requestAttributes(record, facts),
      events: eventsOf(record, epoch),
    },
    internal('auth.verify', { startedAt: record.receivedAt, endedAt: record.startedAt }),
    ...(record.gate === null ? [] : [internal('spend.gate', record.gate)]),
    ...record.attempts.map(
      (attempt, index): Span => ({
        ...{ ...child, spanId: newSpanId(), name: 'upstream.attempt', kind: 'client' },
        ...{ start: epoch(attempt.startedAt), end: epoch(attempt.endedAt) },
        isError: attempt.result !== 'ok',
        attributes: attemptAttributes(attempt, index, facts),
      }),
    ),
    ...(record.settle === null ? [] : [internal('spend.settle', record.settle)]),
  ]
}

/** A request to a route without children. Times are milliseconds since the Unix epoch. */
export interface PlainRequest {
  readonly requestId: string
  readonly method: string
  /** Null for a path that no route has. */
  readonly route: string | null
  readonly status: number
  readonly start: number
  readonly end: number
}

/** The one span of any other request, and of one that was refused before anybody knew who asks. */
export function plainSpan(request: PlainRequest, { traceId, newSpanId, link }: SpanFacts): Span {
  const { method, route, status, start, end } = request
  return {
    ...{ traceId, spanId: newSpanId(), parentId: null, kind: 'server', link, start, end },
    name: route === null ? method : `${method} ${route}`,
    isError: status >= 500,
    attributes: {
      'http.request.method': method,
      'http.route': route ?? 'unmatched',
      'http.response.status_code': status,
      'gatehouse.request_id': request.requestId,
      ...(status >= 500 && { 'error.type': String(status) }),
    },
    events: [],
  }
}

function routeOf({ operation }: RequestRecord): string {
  return operation === 'messages' ? '/v1/messages' : '/v1/messages/count_tokens'
}

function requestAttributes(record: RequestRecord, { providerOf, modelOf }: SpanFacts): SpanAttributes {
  const { upstream, model, usage } = record
  const provider = upstream === null ? undefined : providerOf(upstream)
  const error = errorOf(record)
  return {
    'http.request.method': 'POST',
    'http.route': routeOf(record),
    'http.response.status_code': record.status,
    'gatehouse.request_id': record.requestId,
    'gatehouse.outcome': record.outcome ?? (upstream === null ? 'refused' : 'complete'),
    ...(upstream !== null && { 'gatehouse.upstream': upstream }),
    ...(provider !== undefined && { 'gen_ai.provider.name': provider }),
    ...(model !== null && { 'gen_ai.request.model': modelOf(model) }),
    ...(usage !== null && usageAttributes(usage)),
    ...(error !== null && { 'error.type': error }),
  }
}

function attemptAttributes(
  { upstream, model, result }: AttemptRecord,
  index: number,
  { providerOf }: SpanFacts,
): SpanAttributes {
  const provider = providerOf(upstream)
  return {
    'gatehouse.attempt': index + 1,
    'gatehouse.upstream': upstream,
    ...(provider !== undefined && { 'gen_ai.provider.name': provider }),
    'gen_ai.request.model': model,
    ...(result !== 'ok' && { 'error.type': result }),
  }
}

/** Input counts what was cached as well, as OpenTelemetry's conventions want it. */
function usageAttributes({ parts }: ReplyUsage): SpanAttributes {
  let input = 0
  let output = 0
  for (const part of parts) {
    input += part.input + part.cache_read + part.cache_write_5m + part.cache_write_1h
    output += part.output
  }
  const model = parts[0]?.model ?? ''
  return {
    'gen_ai.response.model': MODEL_NAME.test(model) ? model : 'other',
    'gen_ai.usage.input_tokens': input,
    'gen_ai.usage.output_tokens': output,
  }
}

// `claude-sonnet-5`, `us.anthropic.claude-opus-4-6-v1:0`, `publishers/anthropic/models/claude@20260101`.
const MODEL_NAME = /^[A-Za-z0-9._:@/-]{1,128}$/

function errorOf({ status, outcome }: RequestRecord): string | null {
  if (outcome === 'upstream_abort') return outcome
  return status >= 500 ? String(status) : null
}

function eventsOf(record: RequestRecord, epoch: (time: number) => number): SpanEvent[] {
  const { attempts, firstByteAt, endedAt, outcome } = record
  const left = attempts.slice(0, -1)
  const events = left.map(({ endedAt: at }): SpanEvent => ({ name: 'failover', at: epoch(at) }))
  if (firstByteAt !== null) events.push({ name: 'first_byte', at: epoch(firstByteAt) })
  if (outcome === 'client_abort') events.push({ name: 'client_gone', at: epoch(endedAt) })
  if (outcome === 'drained') events.push({ name: 'drain', at: epoch(endedAt) })
  return events
}
