// What a developer is told about a cloud's error: the first row that fits it, of the table in 3.7.
import type { Provider } from '../config/upstreams.ts'
import { hasAwsNames } from '../lib/masked.ts'
import type { ErrorAnswer } from './failover.ts'
import { textOf } from './headers.ts'
import { echoed } from './model-refusals.ts'
import { mentions } from './operator-names.ts'
import { type ErrorText, wordsFor } from './upstream-errors.ts'
import { isObject } from './usage-record.ts'

/** An error of a cloud, as it came. */
export interface CloudError {
  readonly provider: Provider
  readonly status: number
  /** What was read of it; null when nothing of it can be told. */
  readonly body: Buffer | null
  /** The model as the developer named it. */
  readonly clientModel: string
  /** The operator's own names in the cloud. */
  readonly identifiers: readonly string[]
}

/** An error in the words that a developer may read. */
export interface ToldError extends ErrorText {
  /** The envelope's own, in what is passed on unchanged. */
  readonly details?: unknown
}

/** An error of the Messages API. */
interface Envelope {
  readonly type: string
  readonly message: string
  readonly details?: unknown
}

/** A cloud's error, read once for all rows. */
interface Reading extends CloudError {
  /** Null when it is not in the Anthropic envelope. */
  readonly envelope: Envelope | null
  /** The provider's own message, trimmed; empty when there is none. */
  readonly text: string
}

type Row = (error: Reading) => ToldError | null

/** What to tell the developer about `error`: its status is the upstream's. */
export function toldError(error: CloudError): ToldError {
  const document = documentOf(error.body)
  const reading = { ...error, envelope: envelopeOf(document), text: messageOf(document) }
  for (const row of ROWS) {
    const told = row(reading)
    if (told !== null) return told
  }
  return wordsFor(error.status)
}

/** What to tell the developer about the `error` event of a stream whose head was a 200; the type stays (I-28). */
export function toldEvent(
  event: Omit<CloudError, 'status'> & { readonly type?: string | undefined },
): ToldError {
  const stated = event.type ?? envelopeOf(documentOf(event.body))?.type ?? ''
  const type = /^[a-z_]{1,64}$/.test(stated) ? stated : 'api_error'
  return { ...toldError({ ...event, status: STATUS_OF_TYPE[type] ?? 500 }), type }
}

/** The status that an `error` event would have been, had it come before the head of its answer. */
export function statusOfEvent(data: Buffer): number {
  return STATUS_OF_TYPE[envelopeOf(documentOf(data))?.type ?? ''] ?? 500
}

/** The provider's own message in an error's body: of Anthropic's, Google's and Amazon's shapes, or plain text. */
export function providerText(body: Buffer | null): string {
  return messageOf(documentOf(body))
}

/** Reports whether an answer to a token count says that there is no counting here, for this model. */
export function cannotCount({ status, body }: Pick<CloudError, 'status' | 'body'>): boolean {
  // Vertex: 404 where the location has no counting, and a 400 for ids that its counting does not take.
  return status === 404 || status === 501 || (status === 400 && NO_COUNTING.test(providerText(body)))
}

/** The second is Bedrock's, for models that it does not count. */
const NO_COUNTING = /not supported for token counting|doesn't support counting tokens/

/** Reports whether an error says that our credential is not valid (any more), rather than not allowed to ask. */
export function refusesCredential({ status, headers }: Pick<ErrorAnswer, 'status' | 'headers'>): boolean {
  return status === 401 || (status === 403 && STALE_KEYS.test(textOf(headers['x-amzn-errortype']) ?? ''))
}

/** AWS says 403 to keys that have expired, are not known, or sign wrongly ("Common errors"). */
const STALE_KEYS = /^(?:ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidSignature)/

/** The token by which the client knows that its prompt was too long (wire). */
const PROMPT_TOO_LONG = 'capability_rejected: prompt_too_long'
export const INPUT_TOO_LONG = 'Input is too long.'

const ROWS: readonly Row[] = [
  ({ status, envelope, identifiers }) => {
    if (envelope === null || (status !== 400 && status !== 413)) return null
    const text = JSON.stringify(envelope)
    return mentions(text, identifiers) || hasAwsNames(text) ? null : envelope
  },
  forText('bedrock', /^Input is too long for requested model\.$/, PROMPT_TOO_LONG),
  forText('bedrock', /^Input is too long\.$/, INPUT_TOO_LONG),
  forText(
    'vertex',
    /^The (?:request|message) size \([\d,]+ bytes\) exceeds 30\.000MB limit\./,
    INPUT_TOO_LONG,
  ),
  error => {
    if (error.provider !== 'bedrock' || error.status !== 400) return null
    if (!/model identifier is invalid|invalid model identifier/i.test(error.text)) return null
    return invalid(`the model ${echoed(error.clientModel)} is not available on this upstream`)
  },
  ({ status, text }) =>
    status === 400 && text.includes('safeguards')
      ? invalid('safeguards are not supported by this upstream')
      : null,
  ({ status, text, identifiers }) =>
    status === 400 && isAboutTheRequest(text) && !mentions(text, identifiers) ? invalid(text) : null,
]

function forText(provider: Provider, pattern: RegExp, message: string): Row {
  return error =>
    error.provider === provider && error.status === 400 && pattern.test(error.text) ? invalid(message) : null
}

function invalid(message: string): ToldError {
  return { type: 'invalid_request_error', message }
}

/** The beginnings of messages about one of the developer's own fields, whose wording the client matches (I-53). */
const REQUEST_PATHS = [
  'messages.',
  'messages:',
  'system.',
  'tools.',
  'thinking',
  'output_config',
  'max_tokens',
]

/** Its numbers tell the client how much is too much (I-54). */
const TOO_MANY_TOKENS = /^prompt is too long: \d+ tokens > \d+ maximum$/

/** An ARN, an account's number, a Google resource, a URL, an address, a UUID: none of the developer's business. */
const OPERATORS_OWN =
  /arn:|\d{9}|projects\/|:\/\/|@|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i

function isAboutTheRequest(text: string): boolean {
  if (text.length >= 500 || OPERATORS_OWN.test(text) || hasAwsNames(text)) return false
  return TOO_MANY_TOKENS.test(text) || REQUEST_PATHS.some(path => text.startsWith(path))
}

const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  timeout_error: 504,
  overloaded_error: 529,
}

/** The body as JSON, a list of one element as that element (Google's streams of answers), else as text. */
function documentOf(body: Buffer | null): unknown {
  const text = body?.toString('utf8') ?? ''
  try {
    const document: unknown = JSON.parse(text)
    return Array.isArray(document) && document.length === 1 ? document[0] : document
  } catch {
    return text
  }
}

function envelopeOf(document: unknown): Envelope | null {
  if (!isObject(document) || document['type'] !== 'error' || !isObject(document['error'])) return null
  const { type, message, details } = document['error']
  if (typeof type !== 'string' || typeof message !== 'string') return null
  return details === undefined ? { type, message } : { type, message, details }
}

/** `error.message` of Anthropic and Google, `message` or `Message` of Amazon. */
function messageOf(document: unknown): string {
  if (typeof document === 'string') return document.trim()
  if (!isObject(document)) return ''
  const { error, message, Message } = document
  const found = [isObject(error) ? error['message'] : error, message, Message].find(
    text => typeof text === 'string',
  )
  return typeof found === 'string' ? found.trim() : ''
}
