// Upstreams of provider `vertex`: Claude on Google Cloud, asked through the raw methods of its prediction service.
import type { VertexUpstreamConfig } from '../../config/upstreams.ts'
import { type BodyEdit, NO_TAGS } from '../body-edits.ts'
import { type HeaderRules, REQUEST_TAGS_BETA, requestHeaders } from '../headers.ts'
import type { Call, Cloud, RequestHead, Upstream } from './upstream.ts'

/** Gives the bearer of the upstream's Google credentials. */
interface Credential {
  get(): string | Promise<string>
  refused(): void
  quotaProject(): string | undefined
}

export interface VertexOptions {
  readonly config: VertexUpstreamConfig
  readonly credential: Credential
  readonly dispatcher: Upstream['dispatcher']
  readonly ttfbMs: number
  /** Our product token, such as `gatehouse/1.2.3`. */
  readonly product: string
}

/** Which Messages API a body is for; elsewhere a header says it (Claude on Vertex AI, "Making requests"). */
const VERSION = 'vertex-2023-10-16'

/** Google refuses longer requests: "The request size (N bytes) exceeds 30.000MB limit." */
const MAX_BODY_BYTES = 30_000_000

const ANTHROPIC_VERSION: BodyEdit = { kind: 'set', name: 'anthropic_version', value: VERSION }
const MESSAGE_EDITS: readonly BodyEdit[] = [{ kind: 'delete', name: 'model' }, NO_TAGS, ANTHROPIC_VERSION]

/** One project and location of Google Cloud. */
export class VertexUpstream implements Upstream {
  readonly provider = 'vertex'
  readonly name: string
  readonly origin: string
  readonly dispatcher: Upstream['dispatcher']
  readonly ttfbMs: number
  readonly cloud: Cloud
  readonly maxBodyBytes = MAX_BODY_BYTES
  /** Up to and with `/models/`. */
  readonly #path: string
  readonly #rules: HeaderRules
  readonly #fixed: readonly string[]
  readonly #credential: Credential

  constructor({ config, credential, dispatcher, ttfbMs, product }: VertexOptions) {
    const base = vertexUrl(config)
    const written = base.pathname.replace(/\/$/, '')
    const basePath = written === '' ? '/v1' : written
    const project = encodeURIComponent(config.project_id)
    this.name = config.name
    this.origin = base.origin
    this.dispatcher = dispatcher
    this.ttfbMs = ttfbMs
    this.cloud = { identifiers: [config.project_id] }
    this.#path = `${basePath}/projects/${project}/locations/${config.region}/publishers/anthropic/models/`
    this.#rules = {
      takesContentType: false,
      takesOpenAnthropic: false,
      takesStainless: false,
      takesUserAgent: false,
      product,
      betas: [],
      withoutBetas: [REQUEST_TAGS_BETA],
    }
    this.#fixed = Object.entries(config.headers).flat()
    this.#credential = credential
  }

  edits(call: Call): readonly BodyEdit[] {
    if (call.operation === 'messages') return MESSAGE_EDITS
    const edits = [NO_TAGS, ANTHROPIC_VERSION]
    return call.model === call.clientModel
      ? edits
      : [{ kind: 'set', name: 'model', value: call.model }, ...edits]
  }

  head(call: Call): RequestHead | Promise<RequestHead> {
    const token = this.#credential.get()
    if (typeof token === 'string') return this.#headWith(call, token)
    return token.then(text => this.#headWith(call, text))
  }

  carriesEmail(): boolean {
    return false
  }

  credentialRefused(): void {
    this.#credential.refused()
  }

  #headWith(call: Call, token: string): RequestHead {
    const headers = requestHeaders(call.headers, this.#rules)
    headers.push(...this.#fixed, 'authorization', `Bearer ${token}`)
    const quotaProject = this.#credential.quotaProject()
    if (quotaProject !== undefined) headers.push('x-goog-user-project', quotaProject)
    return { path: this.#path + methodOf(call), headers }
  }
}

/** Where the upstream is asked, less the path that every request has. */
export function vertexUrl({ base_url, region }: VertexUpstreamConfig): URL {
  return new URL(base_url ?? `https://${hostOf(region)}`)
}

/** A region's own host; the global one; or one of the two that keep data in a jurisdiction (I-46). */
function hostOf(region: string): string {
  switch (region) {
    case 'global':
      return 'aiplatform.googleapis.com'
    case 'us':
    case 'eu':
      return `aiplatform.${region}.rep.googleapis.com`
    default:
      return `${region}-aiplatform.googleapis.com`
  }
}

function methodOf({ operation, model, stream }: Call): string {
  if (operation === 'count_tokens') return 'count-tokens:rawPredict'
  return `${segmentOf(model)}:${stream ? 'streamRawPredict' : 'rawPredict'}`
}

/** A model id as one segment of a path, which it cannot leave; `@` may stand there as it is (RFC 3986 section 3.3). */
function segmentOf(id: string): string {
  return encodeURIComponent(id.toWellFormed()).replaceAll('%40', '@')
}
