// What a served request used, and who is told: the audit, the metrics, and whoever watches spend.
import type { Log } from '../lib/log.ts'
import { createAbandonedCounts } from './abandoned-count.ts'
import type { Served } from './attempt-result.ts'
import type { Charge } from './charge.ts'
import type { Exchange } from './exchange.ts'
import type { RequestBody } from './request-body.ts'
import type { Call, Upstream } from './upstreams/upstream.ts'
import type { ReplyUsage, UsageRecord } from './usage-record.ts'

export interface ReckoningOptions {
  readonly log: Log
  /** Takes what each metered reply used. */
  readonly meter?: ((record: UsageRecord) => void) | null
  /** What a reply costs, in cents, for the audit; null where nobody watches spend. */
  readonly costCents?: ((record: UsageRecord) => string) | null
}

/** A request that an upstream served. */
export interface ServedRequest {
  readonly exchange: Exchange
  readonly body: RequestBody
  /** Null where nobody watches spend, and for what costs nothing. */
  readonly charge: Charge | null
  readonly upstream: Upstream
  readonly call: Call
  readonly result: Served
}

export class Reckoning {
  readonly #options: ReckoningOptions
  readonly #abandoned: ReturnType<typeof createAbandonedCounts>

  constructor(options: ReckoningOptions) {
    this.#options = options
    this.#abandoned = createAbandonedCounts(options.log)
  }

  /** Tells what the request used; the end of its answer waits for the promise. Never throws or rejects. */
  served(request: ServedRequest): Promise<void> | null {
    const { exchange, call, result } = request
    exchange.usage = result.usage
    const isFree = call.operation !== 'messages'
    if (result.usage !== null) {
      const record = recordOf(request, result.usage, { aborted: result.outcome !== undefined })
      exchange.costCents = this.#tried(exchange, () => this.#options.costCents?.(record)) ?? null
      return this.#hand(request, record)
    }
    if (result.isAbandoned && !isFree && !exchange.isLoadTest) this.#countAbandoned(request)
    return null
  }

  /** Asks what a request cost that its client gave up; nobody waits for it. */
  #countAbandoned(request: ServedRequest): void {
    const { upstream, call, charge, exchange } = request
    const { chunks, length, open, memberCount, members, hasProviderSettings } = request.body
    const body = { chunks, length, open, memberCount, members, hasProviderSettings }
    charge?.defer()
    void this.#abandoned.count({ upstream, call, body }).then(usage => {
      if (usage === null) {
        exchange.uncounted(upstream.name)
        charge?.release()
      } else void this.#hand(request, recordOf(request, usage, { aborted: true }))
    })
  }

  #hand({ exchange, charge }: ServedRequest, record: UsageRecord): Promise<void> | null {
    this.#tried(exchange, () => this.#options.meter?.(record))
    const settling = this.#tried(exchange, () => charge?.settle(record)) ?? null
    if (settling === null) return null
    exchange.begins('settle')
    return settling.finally(() => exchange.ends('settle'))
  }

  /** The developer has the answer; what it used must not undo that. */
  #tried<T>(exchange: Exchange, tell: () => T): T | undefined {
    try {
      return tell()
    } catch (error) {
      const text = 'the usage of a reply could not be recorded'
      this.#options.log.error(text, { ...exchange.ids(), cause: String(error) })
      return undefined
    }
  }
}

function recordOf(
  { exchange, upstream, call }: ServedRequest,
  usage: ReplyUsage,
  { aborted }: { aborted: boolean },
): UsageRecord {
  return {
    request_id: exchange.requestId,
    sub: exchange.identity.sub,
    upstream: upstream.name,
    upstream_model: call.model,
    client_model: call.clientModel,
    ...usage,
    aborted,
    load_test: exchange.isLoadTest,
    ...(exchange.billingGroup !== null && { billing_group: exchange.billingGroup }),
  }
}
