// What is counted of each request to the Messages API, once it is over.
import type { IncomingHttpHeaders } from 'node:http'
import type { InferenceObserver, RequestRecord } from '../inference/observer.ts'
import type { ReplyUsage } from '../inference/usage-record.ts'
import type { Amount, Distribution, Family, Measurements } from './series.ts'

interface InferenceMetricsOptions {
  readonly measurements: Measurements
  /** The catalogue's id for what a client asked for; `other` for what it does not know. */
  readonly modelOf: (requested: string) => string
}

/** In the place of a value that is none of ours: a model that was never named, a class that no client has. */
const OTHER = 'other'

/** In the place of an upstream: the gateway answered itself. */
const NONE = 'none'

/** What a client may say that a request is for (P-43). */
const CLASSES: ReadonlySet<string> = new Set(['main', 'subagent', 'workflow', 'compaction', 'auxiliary'])

const DENIALS = {
  availableModels: 'available_models',
  deniedModels: 'denied_models',
  unmatched: 'unmatched',
} as const

/** Counts requests, times, attempts and tokens; every label is a name of the configuration or a word of this file. */
export class InferenceMetrics implements InferenceObserver {
  readonly #modelOf: InferenceMetricsOptions['modelOf']
  readonly #requests: Family<Amount>
  readonly #duration: Family<Distribution>
  readonly #firstByte: Family<Distribution>
  readonly #overhead: Distribution
  readonly #streams: Family<Amount>
  readonly #tokens: Family<Amount>
  readonly #uncounted: Family<Amount>
  readonly #classes: Family<Amount>
  readonly #attempts: Family<Amount>
  readonly #failovers: Family<Amount>
  readonly #denials: Family<Amount>
  readonly #drift: Family<Amount>

  constructor({ measurements, modelOf }: InferenceMetricsOptions) {
    this.#modelOf = modelOf
    this.#requests = measurements.amounts('gatehouse.inference.requests')
    this.#duration = measurements.distributions('gatehouse.inference.duration')
    this.#firstByte = measurements.distributions('gatehouse.inference.time_to_first_byte')
    this.#overhead = measurements.distributions('gatehouse.inference.overhead').of()
    this.#streams = measurements.amounts('gatehouse.inference.streams')
    this.#tokens = measurements.amounts('gatehouse.inference.tokens')
    this.#uncounted = measurements.amounts('gatehouse.inference.uncounted')
    this.#classes = measurements.amounts('gatehouse.inference.request_class')
    this.#attempts = measurements.amounts('gatehouse.upstream.attempts')
    this.#failovers = measurements.amounts('gatehouse.upstream.failovers')
    this.#denials = measurements.amounts('gatehouse.policy.denied')
    this.#drift = measurements.amounts('gatehouse.policy.drift')
  }

  /** Whether a request is traced is for others to say. */
  trace(): null {
    return null
  }

  streaming(upstream: string, change: 1 | -1): void {
    this.#streams.of(upstream).add(change)
  }

  uncounted(upstream: string): void {
    this.#uncounted.of(upstream).add(1)
  }

  over(record: RequestRecord): void {
    const upstream = record.upstream ?? NONE
    const model = record.model === null ? OTHER : this.#modelOf(record.model)
    this.#requests.of(upstream, model, record.stream, outcomeOf(record), classOf(record.status)).add(1)
    this.#duration.of(upstream, record.stream).record((record.endedAt - record.startedAt) / 1000)
    if (record.firstByteAt !== null)
      this.#firstByte.of(upstream).record((record.firstByteAt - record.startedAt) / 1000)
    this.#count(record)
    if (record.usage !== null) this.#spend(record.usage, upstream, model)
    const requestClass = requestClassOf(record.headers)
    if (requestClass !== null) this.#classes.of(requestClass).add(1)
    if (record.settingsState !== null) this.#drift.of(record.settingsState).add(1)
    if (record.denial !== null) this.#denials.of(DENIALS[record.denial]).add(1)
  }

  #count({ attempts, bodyReadAt }: RequestRecord): void {
    const sendingAt = attempts[0]?.sendingAt ?? null
    if (sendingAt !== null && bodyReadAt !== null) this.#overhead.record((sendingAt - bodyReadAt) / 1000)
    for (const [index, { upstream, result }] of attempts.entries()) {
      this.#attempts.of(upstream, result).add(1)
      if (index < attempts.length - 1) this.#failovers.of(upstream, result).add(1)
    }
  }

  #spend({ parts }: ReplyUsage, upstream: string, model: string): void {
    for (const part of parts) {
      this.#spent(part.input, [upstream, model, 'input'])
      this.#spent(part.output, [upstream, model, 'output'])
      this.#spent(part.cache_read, [upstream, model, 'cache_read'])
      this.#spent(part.cache_write_5m, [upstream, model, 'cache_write_5m'])
      this.#spent(part.cache_write_1h, [upstream, model, 'cache_write_1h'])
    }
  }

  #spent(tokens: number, labels: readonly [string, string, string]): void {
    if (tokens > 0) this.#tokens.of(...labels).add(tokens)
  }
}

/** `refused` is an answer of the gateway's own. */
function outcomeOf({ outcome, upstream }: RequestRecord): string {
  return outcome ?? (upstream === null ? 'refused' : 'complete')
}

function classOf(status: number): string {
  return STATUS_CLASSES[Math.floor(status / 100)] ?? OTHER
}

const STATUS_CLASSES: Readonly<Record<number, string>> = { 2: '2xx', 3: '3xx', 4: '4xx', 5: '5xx' }

/** Null where the client says nothing, as most do (P-43). */
function requestClassOf(headers: IncomingHttpHeaders): string | null {
  const said = headers['x-claude-code-request-class']
  if (said === undefined) return null
  return typeof said === 'string' && CLASSES.has(said) ? said : OTHER
}
