import type { AuditUsage } from '../audit/events.ts'

/** Tokens that one model spent on one reply. */
export interface UsagePart {
  readonly model: string
  readonly input: number
  readonly output: number
  readonly cache_write_5m: number
  readonly cache_write_1h: number
  readonly cache_read: number
}

/** What one answered or aborted request used; handed over once, after its last byte. */
export interface UsageRecord {
  readonly request_id: string
  readonly sub: string
  readonly upstream: string
  readonly upstream_model: string
  readonly client_model: string
  readonly parts: readonly UsagePart[]
  /** What the reply says that it is from, else what was asked for; parts of another model name theirs. */
  readonly served_model: string
  readonly web_searches: number
  readonly speed: string | null
  readonly inference_geo: string | null
  /** Whether the figures were, in part, counted by us because the upstream's last word is missing. */
  readonly estimated: boolean
  /** Whether the reply ended before its time, whoever ended it. */
  readonly aborted: boolean
  readonly load_test: boolean
  /** What the request says of its own in `tags`, where the operator asks (I-14); absent for none. */
  readonly billing_group?: string
}

/** The reading of one reply, before it is known whose it is. */
export type ReplyUsage = Pick<
  UsageRecord,
  'parts' | 'served_model' | 'web_searches' | 'speed' | 'inference_geo' | 'estimated'
>

/** The kinds of tokens, summed over the parts, as the audit event shows them. */
export function auditUsage(usage: ReplyUsage): AuditUsage {
  const sum = { input: 0, output: 0, cache_read: 0, cache_write: 0, cache_write_1h: 0 }
  for (const part of usage.parts) {
    sum.input += part.input
    sum.output += part.output
    sum.cache_read += part.cache_read
    sum.cache_write += part.cache_write_5m
    sum.cache_write_1h += part.cache_write_1h
  }
  return { ...sum, web_search: usage.web_searches }
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Adds up the `usage` objects of one reply.
 *
 * Those of a stream are cumulative (platform documentation, "Streaming messages"): the largest value per field
 * counts, and nothing is added. A field of a wrong kind is left out and reported, the others count.
 */
export class UsageTally {
  #output = 0
  #input = 0
  #cacheRead = 0
  #cacheWrite = 0
  #cacheWrite5m = 0
  #cacheWrite1h = 0
  #webSearches = 0
  #speed: string | null = null
  #geo: string | null = null
  #iterations: readonly Fields[] = []
  #isUsable = false
  readonly #onOddField: (field: string) => void

  constructor(onOddField: (field: string) => void) {
    this.#onOddField = onOddField
  }

  /** Whether any count of tokens was told. */
  get isUsable(): boolean {
    return this.#isUsable
  }

  /** Answers whether `usage` says how long the output is. */
  add(usage: unknown): boolean {
    if (!isObject(usage)) {
      if (usage !== undefined && usage !== null) this.#onOddField('usage')
      return false
    }
    this.#input = Math.max(this.#input, this.#tokens(usage, 'input_tokens'))
    this.#output = Math.max(this.#output, this.#tokens(usage, 'output_tokens'))
    this.#cacheRead = Math.max(this.#cacheRead, this.#tokens(usage, 'cache_read_input_tokens'))
    this.#cacheWrite = Math.max(this.#cacheWrite, this.#tokens(usage, 'cache_creation_input_tokens'))
    const tiers = isObject(usage['cache_creation']) ? usage['cache_creation'] : {}
    this.#cacheWrite5m = Math.max(this.#cacheWrite5m, this.#tokens(tiers, 'ephemeral_5m_input_tokens'))
    this.#cacheWrite1h = Math.max(this.#cacheWrite1h, this.#tokens(tiers, 'ephemeral_1h_input_tokens'))
    const tools = isObject(usage['server_tool_use']) ? usage['server_tool_use'] : {}
    this.#webSearches = Math.max(this.#webSearches, this.#tokens(tools, 'web_search_requests'))
    if (typeof usage['speed'] === 'string') this.#speed = usage['speed'].slice(0, MAX_WORD)
    if (typeof usage['inference_geo'] === 'string') this.#geo = usage['inference_geo'].slice(0, MAX_WORD)
    // The last object decides: compaction and advisor calls stand here and not in the sums above.
    this.#iterations = iterationsIn(usage)
    this.#isUsable ||= this.#iterations.length > 0
    return [usage, ...this.#iterations].some(({ output_tokens }) => isCount(output_tokens))
  }

  /** The reading so far; `floor` is the least output that the text received proves, `input` the least input. */
  result(servedModel: string, options: { floor: number; input: number; estimated: boolean }): ReplyUsage {
    return {
      parts: this.#parts(servedModel, options),
      served_model: servedModel,
      web_searches: this.#webSearches,
      speed: this.#speed,
      inference_geo: this.#geo,
      estimated: options.estimated,
    }
  }

  #parts(servedModel: string, { floor, input }: { floor: number; input: number }): readonly UsagePart[] {
    const calls = this.#iterations.map(call => this.#partOf(call, servedModel))
    const least = { input: Math.max(this.#input, input), output: Math.max(this.#output, floor) }
    if (calls.length === 0) return [{ ...this.#total(servedModel), ...least }]
    const last = calls.at(-1)! // just asked
    const missing = floor - calls.reduce((sum, part) => sum + part.output, 0)
    return missing > 0 ? [...calls.slice(0, -1), { ...last, output: last.output + missing }] : calls
  }

  #total(model: string): UsagePart {
    return {
      model,
      input: this.#input,
      output: this.#output,
      ...writes(this.#cacheWrite, this.#cacheWrite5m, this.#cacheWrite1h),
      cache_read: this.#cacheRead,
    }
  }

  #partOf(call: Fields, servedModel: string): UsagePart {
    const tiers = isObject(call['cache_creation']) ? call['cache_creation'] : {}
    return {
      model: typeof call['model'] === 'string' ? call['model'].slice(0, MAX_MODEL) : servedModel,
      input: this.#tokens(call, 'input_tokens'),
      output: this.#tokens(call, 'output_tokens'),
      ...writes(
        this.#tokens(call, 'cache_creation_input_tokens'),
        this.#tokens(tiers, 'ephemeral_5m_input_tokens'),
        this.#tokens(tiers, 'ephemeral_1h_input_tokens'),
      ),
      cache_read: this.#tokens(call, 'cache_read_input_tokens'),
    }
  }

  #tokens(fields: Fields, name: string): number {
    const value = fields[name]
    if (value === undefined || value === null) return 0
    if (isCount(value)) {
      this.#isUsable = true
      return value
    }
    this.#onOddField(name)
    return 0
  }
}

const COUNTS = ['input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens']

/** The calls of the model that count something: others must not stand in the place of the sums. */
function iterationsIn({ iterations }: Fields): readonly Fields[] {
  if (!Array.isArray(iterations)) return []
  const calls = iterations.slice(0, MAX_PARTS).filter(isObject)
  return calls.filter(call => COUNTS.some(name => isCount(call[name])))
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** What the total of cache writes holds beyond its two tiers was written for five minutes. */
function writes(
  total: number,
  fiveMinutes: number,
  oneHour: number,
): { cache_write_5m: number; cache_write_1h: number } {
  const beyond = Math.max(0, total - fiveMinutes - oneHour)
  return { cache_write_5m: fiveMinutes + beyond, cache_write_1h: oneHour }
}

const MAX_PARTS = 256
const MAX_MODEL = 256
const MAX_WORD = 64

/** Reports whether `value` is an object with members, not null and not a list. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
