// Upstreams of provider `foundry`: Claude in Microsoft Foundry, which speaks the Messages API under `/anthropic`.
import type { FoundryUpstreamConfig } from '../../config/upstreams.ts'
import { type BodyEdit, NO_TAGS } from '../body-edits.ts'
import { type HeaderRules, REQUEST_TAGS_BETA, requestHeaders } from '../headers.ts'
import type { Call, Cloud, RequestHead, Upstream } from './upstream.ts'

/** Gives the bearer of the service's own identity in Entra ID. */
interface Credential {
  get(): string | Promise<string>
  refused(): void
}

export interface FoundryOptions {
  readonly config: FoundryUpstreamConfig
  /** Null for a key of the file. */
  readonly entra: Credential | null
  readonly dispatcher: Upstream['dispatcher']
  /** Whether request tags go along, with their beta. Default true. */
  readonly takesTags?: boolean | undefined
  readonly ttfbMs: number
  /** Our product token, such as `gatehouse/1.2.3`. */
  readonly product: string
}

const PATHS: Readonly<Record<Call['operation'], string>> = {
  messages: '/v1/messages',
  count_tokens: '/v1/messages/count_tokens',
}

/** One resource of Microsoft Foundry; its deployments are the models. */
export class FoundryUpstream implements Upstream {
  readonly provider = 'foundry'
  readonly maxBodyBytes = Number.POSITIVE_INFINITY
  readonly name: string
  readonly origin: string
  readonly dispatcher: Upstream['dispatcher']
  readonly ttfbMs: number
  readonly cloud: Cloud
  readonly #basePath: string
  readonly #rules: HeaderRules
  /** The operator's headers and a key of the file, the same for every request. */
  readonly #fixed: readonly string[]
  readonly #tags: readonly BodyEdit[]
  readonly #entra: Credential | null

  constructor({ config, entra, dispatcher, ttfbMs, product, takesTags = true }: FoundryOptions) {
    const base = foundryUrl(config)
    const { api_key: apiKey } = config.auth
    this.name = config.name
    this.origin = base.origin
    this.dispatcher = dispatcher
    this.ttfbMs = ttfbMs
    this.cloud = { identifiers: [config.resource], requestIdHeader: 'apim-request-id' }
    this.#basePath = base.pathname.replace(/\/$/, '')
    this.#rules = {
      takesContentType: true,
      takesOpenAnthropic: true,
      takesStainless: false,
      takesUserAgent: false,
      product,
      betas: [],
      withoutBetas: takesTags ? [] : [REQUEST_TAGS_BETA],
    }
    this.#tags = takesTags ? [] : [NO_TAGS]
    this.#fixed = Object.entries(config.headers).flat()
    if (apiKey !== undefined) this.#fixed = [...this.#fixed, 'x-api-key', apiKey]
    this.#entra = entra
  }

  edits(call: Call): readonly BodyEdit[] {
    if (call.model === call.clientModel) return this.#tags
    return [{ kind: 'set', name: 'model', value: call.model }, ...this.#tags]
  }

  head(call: Call): RequestHead | Promise<RequestHead> {
    if (this.#entra === null) return this.#headWith(call, [])
    const token = this.#entra.get()
    if (typeof token === 'string') return this.#headWith(call, bearer(token))
    return token.then(text => this.#headWith(call, bearer(text)))
  }

  carriesEmail(): boolean {
    return false
  }

  credentialRefused(): void {
    this.#entra?.refused()
  }

  #headWith(call: Call, credential: readonly string[]): RequestHead {
    const headers = requestHeaders(call.headers, this.#rules)
    headers.push(...this.#fixed, ...credential)
    return { path: this.#basePath + PATHS[call.operation], headers }
  }
}

/** Where the upstream is asked, less the path that every request has. */
export function foundryUrl({ base_url, resource }: FoundryUpstreamConfig): URL {
  return new URL(base_url ?? `https://${resource}.services.ai.azure.com/anthropic`)
}

function bearer(token: string): string[] {
  return ['authorization', `Bearer ${token}`]
}
