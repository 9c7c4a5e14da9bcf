// The bodies of refusals: one shape per kind of route, made from the same code and sentence.
import { REFUSALS, type Refusal, type RefusalRow } from './errors.ts'
import { html, pageHeaders, pageText } from './page.ts'
import { adminRequestId } from './request-id.ts'
import type { RouteFacts } from './route.ts'

export interface RefusalAnswer {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

type Envelope = NonNullable<RouteFacts['envelope']>

/** Writes `refusal` in the shape of its route; whether a route exists is told in the messages shape everywhere. */
export function refusalAnswer(refusal: Refusal, requestId: string, facts: RouteFacts | null): RefusalAnswer {
  const isRouting = refusal.code === 'not_found' || refusal.code === 'method_not_allowed'
  return SHAPES[isRouting ? 'messages' : (facts?.envelope ?? 'messages')](refusal, requestId)
}

const SHAPES: Readonly<Record<Envelope, (refusal: Refusal, requestId: string) => RefusalAnswer>> = {
  messages: (refusal, requestId) => ({
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', 'request-id': requestId },
    body: messagesBody(refusal, requestId),
  }),
  admin: (refusal, requestId) => ({
    headers: {
      ...{ 'content-type': 'application/json', 'cache-control': 'no-store' },
      'request-id': adminRequestId(requestId),
    },
    body: adminBody(refusal, adminRequestId(requestId)),
  }),
  oauth: refusal => ({
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' },
    body: JSON.stringify({
      error: oauthError(refusal),
      // The token endpoint answers the `error` alone: the client has a sentence of its own for each.
      ...(refusal.message !== '' && { error_description: refusal.message }),
    }),
  }),
  page: (refusal, requestId) => ({
    headers: pageHeaders(),
    body: pageText({
      title: 'Something went wrong',
      body: html`<h1>Something went wrong</h1>
<p role="alert" class="alert">${sentence(refusal.message)}</p>
<footer>Request ${requestId}</footer>`,
    }),
  }),
  text: refusal => ({
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body: refusal.message,
  }),
}

/** The messages shape, members in the order that clients have seen. */
export function messagesBody(refusal: Refusal, requestId: string): string {
  const error = { type: messagesType(refusal), message: refusal.message }
  const row: RefusalRow = REFUSALS[refusal.code]
  if (row.hidesRequestId === true) return JSON.stringify({ type: 'error', error })
  return JSON.stringify({ type: 'error', request_id: requestId, error })
}

/** As the messages shape, with the id of the Admin API at the end (M-50). */
function adminBody(refusal: Refusal, requestId: string): string {
  const error = { type: messagesType(refusal), message: refusal.message }
  return JSON.stringify({ type: 'error', error, request_id: requestId })
}

function messagesType({ code }: Refusal): string {
  const row: RefusalRow = REFUSALS[code]
  return row.type === 'oauth' ? 'invalid_request_error' : row.type
}

/** Sign-in's own codes are the wire's; the listener's become the nearest that RFC 6749 section 5.2 knows. */
function oauthError({ code, status }: Refusal): string {
  const row: RefusalRow = REFUSALS[code]
  if (row.type === 'oauth') return code
  if (code === 'internal') return 'server_error'
  return status >= 500 ? 'temporarily_unavailable' : 'invalid_request'
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
