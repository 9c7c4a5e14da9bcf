import type { Audit } from '../audit/events.ts'
import type { Identity } from '../identity/identity.ts'
import type { Clock } from '../lib/clock.ts'
import type { Outcome } from './answer-sink.ts'
import { auditUsage, type ReplyUsage } from './usage-record.ts'

/** The status of a request whose client left before it was answered; nginx's log made it customary. */
const CLIENT_LEFT = 499

export interface ExchangeOptions {
  readonly requestId: string
  readonly identity: Identity
  /** Without its query. */
  readonly path: string
  readonly isLoadTest: boolean
  /** A clock that only goes forward. */
  readonly clock: Clock
}

/** One authenticated request, and what the audit will say of it. */
export class Exchange {
  readonly requestId: string
  /** The principal; a load test replaces it. */
  identity: Identity
  readonly isLoadTest: boolean
  /** The id in the request, once it is known. */
  model: string | null = null
  stream: boolean | undefined
  attempts = 0
  usage: ReplyUsage | null = null
  readonly #path: string
  readonly #clock: Clock
  readonly #startedAt: number
  #status: number | null = null
  #upstream: string | null = null
  #upstreamRequestId: string | undefined
  #firstByteAt: number | undefined
  #outcome: Outcome | undefined

  constructor(options: ExchangeOptions) {
    this.requestId = options.requestId
    this.identity = options.identity
    this.isLoadTest = options.isLoadTest
    this.#path = options.path
    this.#clock = options.clock
    this.#startedAt = options.clock()
  }

  /** An upstream's answer is on its way to the client. */
  answered(answer: { upstream: string; status: number; upstreamRequestId: string | undefined }): void {
    this.#status = answer.status
    this.#upstream = answer.upstream
    this.#upstreamRequestId = answer.upstreamRequestId
    this.#firstByteAt = this.#clock()
  }

  /** The gateway answers itself, with an error. */
  refused(status: number): void {
    this.#status ??= status
  }

  /** It ended before its time. */
  brokeOff(outcome: Outcome): void {
    this.#outcome = outcome
  }

  /** Writes the request's one audit event. */
  close(audit: Audit): void {
    const { sub, email } = this.identity
    audit.write({
      evt: 'inference',
      request_id: this.requestId,
      sub,
      email,
      path: this.#path,
      model: this.model,
      upstream: this.#upstream,
      upstream_request_id: this.#upstreamRequestId,
      status: this.#status ?? CLIENT_LEFT,
      ms: this.#elapsed(this.#clock()),
      stream: this.stream,
      attempts: this.attempts,
      ttfb_ms: this.#firstByteAt === undefined ? undefined : this.#elapsed(this.#firstByteAt),
      usage: this.usage === null ? undefined : auditUsage(this.usage),
      outcome: this.#outcome,
      load_test: this.isLoadTest || undefined,
    })
  }

  #elapsed(until: number): number {
    return Math.round(until - this.#startedAt)
  }
}
