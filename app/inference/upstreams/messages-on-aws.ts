// The Messages API at addresses of AWS: the providers `mantle` and `anthropicAws`, which differ in a few words.
import { type BodyEdit, NO_TAGS } from '../body-edits.ts'
import { type HeaderRules, REQUEST_TAGS_BETA, requestHeaders } from '../headers.ts'
import type { AwsAuthority } from './aws-authority.ts'
import type { Call, Cloud, OutgoingBody, RequestHead, Upstream } from './upstream.ts'

export interface MessagesOnAwsOptions {
  readonly provider: 'mantle' | 'anthropicAws'
  readonly name: string
  /** Where `/v1/messages` is appended. */
  readonly base: URL
  /** The operator's headers, and those that the provider needs, as names and values in turn. */
  readonly fixed: readonly string[]
  /** Whether request tags go along, with their beta. */
  readonly takesTags: boolean
  readonly authority: AwsAuthority
  readonly identifiers: Cloud['identifiers']
  readonly dispatcher: Upstream['dispatcher']
  readonly ttfbMs: number
  /** Our product token, such as `gatehouse/1.2.3`. */
  readonly product: string
}

const PATHS: Readonly<Record<Call['operation'], string>> = {
  messages: '/v1/messages',
  count_tokens: '/v1/messages/count_tokens',
}

/** One region of such an address. */
export class MessagesOnAws implements Upstream {
  readonly provider: MessagesOnAwsOptions['provider']
  readonly name: string
  readonly origin: string
  readonly dispatcher: Upstream['dispatcher']
  readonly ttfbMs: number
  readonly cloud: Cloud
  readonly maxBodyBytes = Number.POSITIVE_INFINITY
  readonly #host: string
  readonly #basePath: string
  readonly #rules: HeaderRules
  readonly #options: MessagesOnAwsOptions

  constructor(options: MessagesOnAwsOptions) {
    const { base, identifiers } = options
    this.provider = options.provider
    this.name = options.name
    this.origin = base.origin
    this.dispatcher = options.dispatcher
    this.ttfbMs = options.ttfbMs
    this.cloud = { identifiers, requestIdHeader: 'x-amzn-requestid' }
    this.#host = base.host
    this.#basePath = base.pathname.replace(/\/$/, '')
    this.#options = options
    this.#rules = {
      takesContentType: true,
      takesOpenAnthropic: true,
      takesStainless: false,
      takesUserAgent: false,
      product: options.product,
      betas: [],
      withoutBetas: options.takesTags ? [] : [REQUEST_TAGS_BETA],
    }
  }

  edits(call: Call): readonly BodyEdit[] {
    const tags = this.#options.takesTags ? [] : [NO_TAGS]
    if (call.model === call.clientModel) return tags
    return [{ kind: 'set', name: 'model', value: call.model }, ...tags]
  }

  head(call: Call, body: OutgoingBody): RequestHead | Promise<RequestHead> {
    const { authority, fixed } = this.#options
    const path = this.#basePath + PATHS[call.operation]
    const headers = [...requestHeaders(call.headers, this.#rules), ...fixed]
    const added = authority.headers({ path, headers: ['host', this.#host, ...headers], body }, call.identity)
    if (added instanceof Promise) return added.then(more => ({ path, headers: [...headers, ...more] }))
    return { path, headers: [...headers, ...added] }
  }

  carriesEmail(): boolean {
    return false
  }

  credentialRefused(call: Call): void {
    this.#options.authority.refused(call.identity)
  }
}
