import type { IncomingHttpHeaders } from 'node:http'
import type { Audit, SettingsState } from '../audit/events.ts'
import type { Identity } from '../identity/identity.ts'
import type { Clock } from '../lib/clock.ts'
import type { Outcome } from './answer-sink.ts'
import type { AttemptOutcome } from './failover.ts'
import type { ModelDenial } from './model-refusals.ts'
import type { AttemptRecord, InferenceObserver, Lapse, RequestRecord, RequestTrace } from './observer.ts'
import type { RoutingReason } from './routing/walk.ts'
import { NO_IDS, type UpstreamIds } from './upstream-ids.ts'
import { auditUsage, type ReplyUsage } from './usage-record.ts'

/** The status of a request whose client left before it was answered; nginx's log made it customary. */
const CLIENT_LEFT = 499

export interface ExchangeOptions {
  readonly requestId: string
  readonly identity: Identity
  readonly operation: RequestRecord['operation']
  /** Without its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** How long ago the request came in, in milliseconds. */
  readonly ageMs: number
  readonly isLoadTest: boolean
  /** Null when nobody asks. */
  readonly settingsState: SettingsState | null
  /** Null when nobody measures. */
  readonly observer: InferenceObserver | null
  /** A clock that only goes forward. */
  readonly clock: Clock
}

/** What a request waits for besides upstreams: the decision about its caller's spend, and its cost being stored. */
type Step = 'gate' | 'settle'

/** One authenticated request, and what the audit will say of it. */
export class Exchange {
  readonly requestId: string
  /** The principal; a load test replaces it. */
  identity: Identity
  readonly isLoadTest: boolean
  /** The id in the request, once it is known. */
  model: string | null = null
  stream: boolean | undefined
  usage: ReplyUsage | null = null
  /** What the reply costs; null where nobody asks. */
  costCents: string | null = null
  /** What the request says of its own in `tags`, where the operator asks. */
  billingGroup: string | null = null
  /** Why a policy refused the model. */
  denial: ModelDenial['reason'] | null = null
  /** Why the upstream that was asked first was the first; null where there was no choice. */
  routing: RoutingReason | null = null
  /** Whether a failed request was not repeated elsewhere because too many are. */
  isRetryDenied = false
  readonly #options: ExchangeOptions
  readonly #trace: RequestTrace | null
  readonly #attempts: AttemptRecord[] = []
  readonly #clock: Clock
  readonly #startedAt: number
  #status: number | null = null
  #upstream: string | null = null
  #ids = NO_IDS
  #bodyReadAt: number | undefined
  #firstByteAt: number | undefined
  readonly #began: Partial<Record<Step, number>> = {}
  readonly #ended: Partial<Record<Step, number>> = {}
  #outcome: Outcome | undefined

  constructor(options: ExchangeOptions) {
    this.requestId = options.requestId
    this.identity = options.identity
    this.isLoadTest = options.isLoadTest
    this.#options = options
    this.#clock = options.clock
    this.#startedAt = options.clock()
    this.#trace = options.observer?.trace(options.headers) ?? null
  }

  /** What a line about this request is found by. */
  ids(): { request_id: string; trace_id?: string } {
    const request_id = this.requestId
    return this.#trace === null ? { request_id } : { request_id, trace_id: this.#trace.traceId }
  }

  /** The whole body is there. */
  bodyRead(): void {
    this.#bodyReadAt = this.#clock()
  }

  begins(step: Step): void {
    this.#began[step] = this.#clock()
  }

  ends(step: Step): void {
    this.#ended[step] = this.#clock()
  }

  /** An upstream is asked; the answer goes to `attempted`. */
  attempt(upstream: string, model: string): AttemptRecord {
    const startedAt = this.#clock()
    const record: AttemptRecord = {
      ...{ upstream, model, startedAt, endedAt: startedAt, sendingAt: null },
      result: 'aborted',
    }
    this.#attempts.push(record)
    return record
  }

  /** The first byte of the request goes out; a kept socket that dies may make it go out twice. */
  sending(record: AttemptRecord): void {
    record.sendingAt ??= this.#clock()
  }

  attempted(record: AttemptRecord, result: AttemptOutcome): void {
    record.endedAt = this.#clock()
    record.result = result
  }

  /** An upstream's answer is on its way to the client. */
  answered(answer: { upstream: string; status: number; ids: UpstreamIds }): void {
    this.#status = answer.status
    this.#upstream = answer.upstream
    this.#ids = answer.ids
    this.#firstByteAt = this.#clock()
    if (this.stream === true) this.#options.observer?.streaming(answer.upstream, 1)
  }

  /** The client gave it up, and nobody can say what it cost at the upstream. */
  uncounted(upstream: string): void {
    this.#options.observer?.uncounted(upstream)
  }

  /** The gateway answers itself, with an error. */
  refused(status: number): void {
    this.#status ??= status
  }

  /** It ended before its time. */
  brokeOff(outcome: Outcome): void {
    this.#outcome = outcome
  }

  /** Writes the request's one audit event, and tells the observer. */
  close(audit: Audit): void {
    const { sub, email } = this.identity
    const endedAt = this.#clock()
    const status = this.#status ?? CLIENT_LEFT
    audit.write({
      evt: 'inference',
      ...this.ids(),
      sub,
      email,
      path: this.#options.path,
      model: this.model,
      upstream: this.#upstream,
      upstream_request_id: this.#ids.request,
      upstream_cloud_request_id: this.#ids.cloud,
      status,
      ms: this.#elapsed(endedAt),
      stream: this.stream,
      attempts: this.#attempts.length,
      routing: this.routing ?? undefined,
      retry_denied: this.isRetryDenied || undefined,
      ttfb_ms: this.#firstByteAt === undefined ? undefined : this.#elapsed(this.#firstByteAt),
      usage: this.usage === null ? undefined : auditUsage(this.usage),
      billing_group: this.billingGroup ?? undefined,
      cost_cents: this.costCents ?? undefined,
      outcome: this.#outcome,
      load_test: this.isLoadTest || undefined,
      settings_state: this.#options.settingsState ?? undefined,
    })
    this.#tell({ endedAt, status })
  }

  #tell({ endedAt, status }: { endedAt: number; status: number }): void {
    const { observer, requestId, operation, ageMs, headers } = this.#options
    if (observer === null) return
    if (this.stream === true && this.#upstream !== null) observer.streaming(this.#upstream, -1)
    observer.over({
      ...{
        requestId,
        operation,
        headers,
        endedAt,
        status,
        model: this.model,
        usage: this.usage,
        denial: this.denial,
      },
      trace: this.#trace,
      receivedAt: this.#startedAt - ageMs,
      startedAt: this.#startedAt,
      bodyReadAt: this.#bodyReadAt ?? null,
      firstByteAt: this.#firstByteAt ?? null,
      gate: this.#lapse('gate', endedAt),
      attempts: this.#attempts,
      settle: this.#lapse('settle', endedAt),
      upstream: this.#upstream,
      stream: this.stream === true,
      outcome: this.#outcome,
      settingsState: this.#options.settingsState,
    })
  }

  /** A step that never ended took until the end of everything. */
  #lapse(step: Step, endedAt: number): Lapse | null {
    const startedAt = this.#began[step]
    return startedAt === undefined ? null : { startedAt, endedAt: this.#ended[step] ?? endedAt }
  }

  #elapsed(until: number): number {
    return Math.round(until - this.#startedAt)
  }
}
