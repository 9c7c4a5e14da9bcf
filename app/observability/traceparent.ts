/** The span that a client says its request belongs to. */
export interface ClientSpan {
  /** 32 hexadecimal digits, not all zero. */
  readonly traceId: string
  /** 16 hexadecimal digits, not all zero. */
  readonly spanId: string
}

// `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`; a version after 00 may carry more behind a hyphen.
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.{0,200})?$/

/**
 * Reads a `traceparent` (W3C Trace Context, section 3.2.2); null for anything that is not a valid one.
 *
 * Its flags are not read: a client must not switch sampling on for itself.
 */
export function clientSpan(header: string | string[] | undefined): ClientSpan | null {
  if (typeof header !== 'string') return null
  const [, version, traceId, spanId, more] = TRACEPARENT.exec(header) ?? []
  if (traceId === undefined || spanId === undefined) return null
  return version === '00' && more !== undefined ? null : { traceId, spanId }
}
