// Headers an operator adds to every request of one upstream; what the gateway computes itself is refused.
import { z } from 'zod'
import { text, Unfit } from './scalar.ts'

/** Names that the gateway, the connection or a credential sets. */
const OWN_HEADERS = new Set([
  'authorization',
  'x-api-key',
  'host',
  'content-type',
  'content-length',
  'content-encoding',
  'user-agent',
  'accept',
  'accept-encoding',
  'expect',
  'cookie',
  'x-litellm-end-user-id',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const OWN_PREFIXES = [
  'anthropic-',
  'x-goog-',
  'x-amz-',
  'x-amzn-',
  'x-stainless-',
  'x-claude-gateway-',
  'proxy-',
]

/** Extra headers for an upstream. */
export function upstreamHeaders() {
  return z
    .record(
      headerName().refine(name => !isOwnHeader(name), {
        error: 'is set by the gateway and cannot be replaced',
      }),
      headerValue(),
    )
    .default({})
}

/** A header's name: what could not be sent would fail every request. */
export function headerName(): z.ZodString {
  return z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'is not a header name (RFC 9110 §5.1)' })
}

/** A header's value: printable ASCII, with no space at either end. */
export function headerValue(): z.ZodType<string> {
  return text(value =>
    /^[!-~]([ -~]*[!-~])?$/.test(value)
      ? undefined
      : new Unfit('printable ASCII without a tab, and without a space at either end'),
  )
}

function isOwnHeader(name: string): boolean {
  const lower = name.toLowerCase()
  return OWN_HEADERS.has(lower) || OWN_PREFIXES.some(prefix => lower.startsWith(prefix))
}
