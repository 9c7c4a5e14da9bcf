import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Provider } from '../../config/upstreams.ts'
import type { Identity } from '../../identity/identity.ts'
import type { BodyEdit, ScannedBody } from '../body-edits.ts'

/** What a developer asks of an upstream, beside the body. */
export interface Call {
  readonly operation: 'messages' | 'count_tokens'
  /** The id in the request. */
  readonly clientModel: string
  /** The id that this upstream knows the model by. */
  readonly model: string
  /** Whether the request asks for a stream; only the literal `true` counts. */
  readonly stream: boolean
  /** The client's headers. */
  readonly headers: IncomingHttpHeaders
  /** The client's query with its question mark, or nothing. */
  readonly query: string
  readonly identity: Identity
  /** Set for a question of the gateway's own, which no developer waits for. */
  readonly isOwn?: true
}

/** Where a request goes and what stands before its body; `content-length` is added by the sender. */
export interface RequestHead {
  readonly path: string
  /** Names and values in turn. */
  readonly headers: string[]
}

/** The body as it is sent: slices and small literals, in order. */
export interface OutgoingBody {
  readonly chunks: readonly Buffer[]
  readonly length: number
}

/**
 * What is done with the answers of every provider but `anthropic`: headers by an allow-list, errors in our words,
 * pings in quiet streams.
 */
export interface Cloud {
  /** The operator's own names in the cloud, such as a project's id; no developer is told them. */
  readonly identifiers: readonly string[]
  /** How its streams are framed; by default, as the Messages API's. */
  readonly framing?: 'amazon'
  /** The header of an answer in which its own id stands; by default it has none. */
  readonly requestIdHeader?: string
}

/** How tokens are counted where requests and answers are not the Messages API's. */
export interface Counting {
  /** What the answer calls the number. */
  readonly member: string
  /** Whether there is counting for a model of that id at all. */
  takes(model: string): boolean
  /** The body that asks about `body`, which has its edits. */
  question(body: OutgoingBody): OutgoingBody
}

/** One entry of `upstreams:`, ready to be asked. */
export interface Upstream {
  readonly name: string
  readonly provider: Provider
  readonly origin: string
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>
  /** From handing the request over to the head of the response, in milliseconds. */
  readonly ttfbMs: number
  /** Null for `anthropic`, whose answers are passed on as they are. */
  readonly cloud: Cloud | null
  /** A longer body is not sent there (I-48). */
  readonly maxBodyBytes: number
  /** Absent where the Messages API's own endpoint counts. */
  readonly counting?: Counting
  /** Whether a body that holds the provider's own settings must not go there (I-42). Default: it may. */
  readonly refusesSettings?: boolean
  /** What has to change in the body. */
  edits(call: Call, body: ScannedBody): readonly BodyEdit[]
  /** The request's head with its credential; a promise only while a credential is fetched, which may fail. */
  head(call: Call, body: OutgoingBody): RequestHead | Promise<RequestHead>
  /** Whether the request names the developer by email, so that a 429 is their own. */
  carriesEmail(call: Call): boolean
  /** The upstream does not take the credential that the call went with: a fetched one is stale. */
  credentialRefused(call: Call): void
}
