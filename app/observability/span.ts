// One span as plain values: what the traces say, before any library turns it into bytes.
import type { ClientSpan } from './traceparent.ts'

/** The closed list (T-35): no body, header value, identity or address has a name here. */
export interface SpanAttributes {
  readonly 'http.request.method'?: string
  readonly 'http.route'?: string
  readonly 'http.response.status_code'?: number
  readonly 'gatehouse.request_id'?: string
  readonly 'gatehouse.upstream'?: string
  readonly 'gatehouse.outcome'?: string
  readonly 'gatehouse.attempt'?: number
  readonly 'gen_ai.provider.name'?: string
  readonly 'gen_ai.request.model'?: string
  readonly 'gen_ai.response.model'?: string
  readonly 'gen_ai.usage.input_tokens'?: number
  readonly 'gen_ai.usage.output_tokens'?: number
  readonly 'error.type'?: string
}

export interface SpanEvent {
  readonly name: 'first_byte' | 'failover' | 'client_gone' | 'drain'
  /** Milliseconds since the Unix epoch. */
  readonly at: number
}

/** A span that is over. Times are milliseconds since the Unix epoch. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  /** Null for the span of the request itself. */
  readonly parentId: string | null
  readonly name: string
  readonly kind: 'server' | 'client' | 'internal'
  readonly start: number
  readonly end: number
  readonly isError: boolean
  readonly attributes: SpanAttributes
  readonly events: readonly SpanEvent[]
  /** The client's own span, where it may be mentioned. */
  readonly link: ClientSpan | null
}
