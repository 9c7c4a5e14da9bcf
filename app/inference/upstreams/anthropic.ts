// Upstreams of provider `anthropic`: the Anthropic API itself, or a proxy that speaks it.
import type { AnthropicUpstreamConfig } from '../../config/upstreams.ts'
import type { ExpiringToken } from '../../lib/expiring-token.ts'
import { type BodyEdit, NO_TAGS } from '../body-edits.ts'
import { type HeaderRules, REQUEST_TAGS_BETA, requestHeaders } from '../headers.ts'
import { userIdentityHeaders } from '../user-identity.ts'
import type { Call, RequestHead, Upstream } from './upstream.ts'

export interface AnthropicOptions {
  readonly config: AnthropicUpstreamConfig
  /** Null for a key or token of the file. */
  readonly federation: ExpiringToken | null
  readonly dispatcher: Upstream['dispatcher']
  /** Whether request tags go along, with their beta. Default true. */
  readonly takesTags?: boolean | undefined
  readonly ttfbMs: number
  /** Our product token, such as `gatehouse/1.2.3`. */
  readonly product: string
}

/** Lets an OAuth access token stand in for an API key. */
const OAUTH_BETA = 'oauth-2025-04-20'

const PATHS: Readonly<Record<Call['operation'], string>> = {
  messages: '/v1/messages',
  count_tokens: '/v1/messages/count_tokens',
}

/** The Anthropic API, or a proxy of the operator's that speaks it. */
export class AnthropicUpstream implements Upstream {
  readonly provider = 'anthropic'
  readonly cloud = null
  readonly maxBodyBytes = Number.POSITIVE_INFINITY
  readonly name: string
  readonly origin: string
  readonly dispatcher: Upstream['dispatcher']
  readonly ttfbMs: number
  readonly #basePath: string
  readonly #rules: HeaderRules
  /** The operator's headers and a credential of the file, the same for every request. */
  readonly #fixed: readonly string[]
  readonly #tags: readonly BodyEdit[]
  readonly #federation: ExpiringToken | null
  readonly #forwardsIdentity: boolean

  constructor({ config, federation, dispatcher, ttfbMs, product, takesTags = true }: AnthropicOptions) {
    const base = new URL(config.base_url)
    const { api_key: apiKey, oauth_token: oauthToken } = config.auth
    this.name = config.name
    this.origin = base.origin
    this.dispatcher = dispatcher
    this.ttfbMs = ttfbMs
    this.#basePath = base.pathname.replace(/\/$/, '')
    this.#rules = {
      takesContentType: true,
      takesOpenAnthropic: true,
      takesStainless: true,
      takesUserAgent: true,
      product,
      betas: apiKey === undefined ? [OAUTH_BETA] : [],
      withoutBetas: takesTags ? [] : [REQUEST_TAGS_BETA],
    }
    this.#tags = takesTags ? [] : [NO_TAGS]
    this.#fixed = Object.entries(config.headers).flat()
    if (apiKey !== undefined) this.#fixed = [...this.#fixed, 'x-api-key', apiKey]
    else if (oauthToken !== undefined) this.#fixed = [...this.#fixed, ...bearer(oauthToken)]
    this.#federation = federation
    this.#forwardsIdentity = config.forward_user_identity
  }

  edits(call: Call): readonly BodyEdit[] {
    if (call.model === call.clientModel) return this.#tags
    return [{ kind: 'set', name: 'model', value: call.model }, ...this.#tags]
  }

  head(call: Call): RequestHead | Promise<RequestHead> {
    if (this.#federation === null) return this.#headWith(call, [])
    const token = this.#federation.get()
    if (typeof token === 'string') return this.#headWith(call, bearer(token))
    return token.then(text => this.#headWith(call, bearer(text)))
  }

  carriesEmail(call: Call): boolean {
    return this.#forwardsIdentity && call.identity.email !== undefined
  }

  credentialRefused(): void {
    this.#federation?.refused()
  }

  #headWith(call: Call, credential: readonly string[]): RequestHead {
    const headers = requestHeaders(call.headers, this.#rules)
    headers.push(...this.#fixed, ...credential)
    if (this.#forwardsIdentity) headers.push(...userIdentityHeaders(call.identity))
    return { path: this.#basePath + PATHS[call.operation] + call.query, headers }
  }
}

function bearer(token: string): string[] {
  return ['authorization', `Bearer ${token}`]
}
