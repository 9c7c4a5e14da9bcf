// Upstreams of provider `bedrock`: Claude on Amazon Bedrock, invoked through its runtime.
import type { BedrockUpstreamConfig } from '../../config/upstreams.ts'
import type { BodyEdit, ScannedBody } from '../body-edits.ts'
import { slicesBetween } from '../body-slices.ts'
import { REQUEST_TAGS_BETA, textOf } from '../headers.ts'
import type { AwsAuthority } from './aws-authority.ts'
import { BEDROCK_COUNTING } from './bedrock-count.ts'
import { foundationModel } from './bedrock-models.ts'
import type { Call, Cloud, OutgoingBody, RequestHead, Upstream } from './upstream.ts'

export interface BedrockOptions {
  readonly config: BedrockUpstreamConfig
  readonly authority: AwsAuthority
  readonly dispatcher: Upstream['dispatcher']
  readonly ttfbMs: number
  /** Our product token, such as `gatehouse/1.2.3`. */
  readonly product: string
}

/** Which Messages API a body is for; elsewhere a header says it (Claude on Amazon Bedrock, "Making requests"). */
const ANTHROPIC_VERSION: BodyEdit = { kind: 'set', name: 'anthropic_version', value: 'bedrock-2023-05-31' }
const EDITS: readonly BodyEdit[] = [
  { kind: 'delete', name: 'model' },
  { kind: 'delete', name: 'stream' },
  { kind: 'delete', name: 'tags' },
  ANTHROPIC_VERSION,
]
const NO_TOOLS: BodyEdit = { kind: 'delete', name: 'tools' }

/** The betas that counting takes (I-58). */
const COUNTED_BETAS = new Set(['claude-code-20250219', 'context-management-2025-06-27'])

/** A longer list of betas is nobody's: it is left to Bedrock to refuse. */
const MAX_BETAS = 64 * 1024

/** One region of Amazon Bedrock. */
export class BedrockUpstream implements Upstream {
  readonly provider = 'bedrock'
  readonly name: string
  readonly origin: string
  readonly dispatcher: Upstream['dispatcher']
  readonly ttfbMs: number
  readonly cloud: Cloud
  readonly maxBodyBytes = Number.POSITIVE_INFINITY
  readonly counting = BEDROCK_COUNTING
  readonly refusesSettings: boolean
  readonly #host: string
  /** Up to and with `/model/`. */
  readonly #path: string
  readonly #own: readonly string[]
  readonly #guardrail: readonly string[]
  readonly #operators: readonly string[]
  readonly #authority: AwsAuthority

  constructor({ config, authority, dispatcher, ttfbMs, product }: BedrockOptions) {
    const base = bedrockUrl(config)
    const { guardrail } = config
    this.name = config.name
    this.origin = base.origin
    this.dispatcher = dispatcher
    this.ttfbMs = ttfbMs
    this.cloud = {
      ...{ identifiers: guardrail === undefined ? [] : [guardrail.id], framing: 'amazon' },
      requestIdHeader: 'x-amzn-requestid',
    }
    this.refusesSettings = guardrail !== undefined
    this.#host = base.host
    this.#path = `${base.pathname.replace(/\/$/, '')}/model/`
    this.#own = [
      ...['content-type', 'application/json', 'accept', 'application/json'],
      ...['accept-encoding', 'identity', 'user-agent', product],
    ]
    this.#guardrail =
      guardrail === undefined
        ? []
        : [
            ...['x-amzn-bedrock-guardrailidentifier', guardrail.id],
            ...['x-amzn-bedrock-guardrailversion', guardrail.version],
          ]
    this.#operators = Object.entries(config.headers).flat()
    this.#authority = authority
  }

  edits(call: Call, body: ScannedBody): readonly BodyEdit[] {
    const edits = [...EDITS, ...betaEdits(call, body)]
    return call.operation === 'count_tokens' && hasEmptyTools(body) ? [...edits, NO_TOOLS] : edits
  }

  head(call: Call, body: OutgoingBody): RequestHead | Promise<RequestHead> {
    const isCount = call.operation === 'count_tokens'
    const path =
      this.#path + (isCount ? segmentOf(countedModel(call)) : segmentOf(call.model)) + methodOf(call)
    const headers = [
      ...this.#own,
      ...(isCount ? [] : this.#guardrail),
      ...(call.isOwn ? [] : this.#operators),
    ]
    const added = this.#authority.headers(
      { path, headers: ['host', this.#host, ...headers], body },
      call.identity,
    )
    if (added instanceof Promise) return added.then(more => ({ path, headers: [...headers, ...more] }))
    return { path, headers: [...headers, ...added] }
  }

  carriesEmail(): boolean {
    return false
  }

  credentialRefused(call: Call): void {
    this.#authority.refused(call.identity)
  }
}

/** Where the upstream is asked, less the path that every request has. */
export function bedrockUrl({ base_url, region }: BedrockUpstreamConfig): URL {
  return new URL(base_url ?? `https://bedrock-runtime.${region}.amazonaws.com`)
}

function methodOf({ operation, stream }: Call): string {
  if (operation === 'count_tokens') return '/count-tokens'
  return stream ? '/invoke-with-response-stream' : '/invoke'
}

/** Counts are only asked for models that have one. */
function countedModel({ model }: Call): string {
  return foundationModel(model) ?? model
}

/** A model id as one segment of a path, which it cannot leave: not even as `..`, which servers may take for a step up. */
function segmentOf(id: string): string {
  const segment = encodeURIComponent(id.toWellFormed())
  return /^\.+$/.test(segment) ? segment.replaceAll('.', '%2E') : segment
}

/** `anthropic_beta`: what the header says, then what the body says, without repeats; request tags go no further. */
function betaEdits(call: Call, body: ScannedBody): readonly BodyEdit[] {
  const inBody = betasIn(body)
  if (inBody === 'unreadable') return []
  const sent = textOf(call.headers['anthropic-beta'])?.split(',') ?? []
  const all = new Set([...sent.map(beta => beta.trim()), ...inBody])
  const isKept = (beta: string) =>
    beta !== '' && beta !== REQUEST_TAGS_BETA && (call.operation === 'messages' || COUNTED_BETAS.has(beta))
  const betas = [...all].filter(isKept)
  return [
    betas.length === 0
      ? { kind: 'delete', name: 'anthropic_beta' }
      : { kind: 'set', name: 'anthropic_beta', value: betas },
  ]
}

function betasIn(body: ScannedBody): readonly string[] | 'unreadable' {
  const member = body.members.find(({ name }) => name === 'anthropic_beta')
  if (member === undefined) return []
  if (member.valueEnd - member.valueStart > MAX_BETAS) return 'unreadable'
  const source = Buffer.concat(slicesBetween(body.chunks, member.valueStart, member.valueEnd))
  const value: unknown = JSON.parse(source.toString('utf8'))
  return Array.isArray(value) ? value.filter(beta => typeof beta === 'string') : []
}

/** Counting refuses a list of tools without a tool. */
function hasEmptyTools(body: ScannedBody): boolean {
  const member = body.members.find(({ name }) => name === 'tools')
  if (member === undefined || member.valueEnd - member.valueStart > MAX_EMPTY) return false
  const source = Buffer.concat(slicesBetween(body.chunks, member.valueStart, member.valueEnd))
  return /^\[\s*\]$/.test(source.toString('latin1'))
}

const MAX_EMPTY = 1024
