// Walks the upstreams that serve the model, in file order, until one of them answers.
import { Refusal } from '../http/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { type AbandonedCounts, createAbandonedCounts } from './abandoned-count.ts'
import { Attempt, type AttemptResult, type Served } from './attempt.ts'
import { editBody } from './body-edits.ts'
import type { Ticket } from './capacity.ts'
import type { ClientSide } from './client-side.ts'
import type { Exchange } from './exchange.ts'
import {
  type AttemptOutcome,
  asksNext,
  type ErrorAnswer,
  type Failure,
  failureOutcome,
  finalAnswer,
} from './failover.ts'
import { answerHeaders } from './headers.ts'
import type { LoadTest } from './load-test.ts'
import type { AttemptRecord } from './observer.ts'
import type { RequestBody } from './request-body.ts'
import { replacementBody } from './upstream-errors.ts'
import type { Call, RequestHead, Upstream } from './upstreams/upstream.ts'
import type { ReplyUsage, UsageRecord } from './usage-record.ts'

export interface DispatchOptions {
  /** Every configured upstream, by name. */
  readonly upstreams: ReadonlyMap<string, Upstream>
  /** How long an upstream may be silent inside an answer, in milliseconds; 0 = for ever. */
  readonly idleMs: number
  readonly clock: Clock
  readonly log: Log
  /** Null unless `load_test_mode` is on. */
  readonly loadTest: Pick<LoadTest, 'answer'> | null
  /** Takes what each metered reply used. */
  readonly meter?: (record: UsageRecord) => void
}

/** One admitted and checked request. */
export interface Order {
  readonly exchange: Exchange
  readonly client: ClientSide
  readonly body: RequestBody
  readonly ticket: Ticket
  /** Where the model is served, in the order in which to ask. */
  readonly routes: readonly { readonly upstream: string; readonly model: string }[]
  /** The call without the upstream's id for the model. */
  readonly call: Omit<Call, 'model'>
}

/** Serves orders; resolves when the client's answer is over, or throws the refusal to answer with. */
export type Dispatch = (order: Order) => Promise<void>

export function createDispatch(options: DispatchOptions): Dispatch {
  const dispatching = new Dispatching(options)
  return order => dispatching.serve(order)
}

class Dispatching {
  readonly #options: DispatchOptions
  readonly #abandoned: AbandonedCounts
  readonly #oddFields = new Map<string, number>()

  constructor(options: DispatchOptions) {
    this.#options = options
    this.#abandoned = createAbandonedCounts(options.log)
  }

  async serve(order: Order): Promise<void> {
    const failures: Failure[] = []
    for (const route of order.routes) {
      const upstream = this.#options.upstreams.get(route.upstream)
      if (upstream === undefined) continue
      const call: Call = { ...order.call, model: route.model }
      const attempt = order.exchange.attempt(upstream.name, call.model)
      const result = await this.#attempt(order, { upstream, call, attempt })
      order.exchange.attempted(attempt, outcomeOf(result))
      if (result.kind === 'served') return this.#served(order, { upstream, call, result })
      if (result.kind === 'ended_early')
        throw new Refusal('upstream_ended_early', 'the upstream ended the reply early')
      if (result.kind === 'answered' && result.status === 401) upstream.credentialRefused()
      if (
        result.kind === 'answered' &&
        !asksNext(result.status, { carriedEmail: upstream.carriesEmail(call) })
      )
        return passOn(order, result)
      this.#warn(order.exchange, result)
      failures.push(result)
    }
    const final = finalAnswer(failures)
    if (final === null)
      throw new Refusal(
        'upstreams_exhausted',
        `no upstream could answer (${this.#options.upstreams.size} configured)`,
      )
    passOn(order, final)
  }

  async #attempt(
    order: Order,
    { upstream, call, attempt: record }: { upstream: Upstream; call: Call; attempt: AttemptRecord },
  ): Promise<AttemptResult> {
    const { exchange, client, ticket } = order
    const body = editBody(order.body, upstream.edits(call))
    let head: RequestHead
    try {
      const made = upstream.head(call, body)
      head = made instanceof Promise ? await made : made
    } catch (error) {
      const cause = `no credential: ${error instanceof Error ? error.message : String(error)}`
      return { kind: 'unreachable', upstream: upstream.name, reason: 'credentials', cause }
    }
    if (client.isGone) return { kind: 'served', outcome: client.departure, usage: null, isAbandoned: false }
    const { clock, log, loadTest, idleMs } = this.#options
    const { promise, resolve } = Promise.withResolvers<AttemptResult>()
    const attempt = new Attempt(
      {
        upstream,
        call,
        client,
        clock,
        log,
        loadTest,
        idleMs,
        sending: () => exchange.sending(record),
        began: (status, upstreamRequestId) =>
          exchange.answered({ upstream: upstream.name, status, upstreamRequestId }),
        bodyDone: () => {
          order.body.release()
          ticket.releaseBytes()
        },
        onOddField: field => this.#oddField(upstream.name, field),
      },
      resolve,
    )
    // The body is handed to `start` and captured by nothing here: a long stream must not keep it alive.
    attempt.start(head, body)
    return promise
  }

  #served(
    order: Order,
    { upstream, call, result }: { upstream: Upstream; call: Call; result: Served },
  ): void {
    const { exchange, body } = order
    if (result.outcome !== undefined) exchange.brokeOff(result.outcome)
    exchange.usage = result.usage
    if (result.usage !== null) this.#hand(exchange, { upstream, call, usage: result.usage })
    if (!result.isAbandoned || call.operation !== 'messages' || exchange.isLoadTest) return
    const { chunks, length, open, memberCount, members } = body
    void this.#abandoned
      .count({ upstream, call, body: { chunks, length, open, memberCount, members } })
      .then(usage => usage !== null && this.#hand(exchange, { upstream, call, usage }))
  }

  #hand(
    exchange: Exchange,
    { upstream, call, usage }: { upstream: Upstream; call: Call; usage: ReplyUsage },
  ): void {
    const record: UsageRecord = {
      request_id: exchange.requestId,
      sub: exchange.identity.sub,
      upstream: upstream.name,
      upstream_model: call.model,
      client_model: call.clientModel,
      ...usage,
      load_test: exchange.isLoadTest,
    }
    try {
      this.#options.meter?.(record)
    } catch (error) {
      // The developer has the answer; what it used must not undo that.
      this.#options.log.error('the usage of a reply could not be recorded', {
        ...exchange.ids(),
        cause: String(error),
      })
    }
  }

  #warn(exchange: Exchange, failure: Failure): void {
    this.#options.log.warn(
      `upstream ${failure.upstream} failed; asking the next one, if there is one`,
      failure.kind === 'unreachable'
        ? { cause: failure.cause, ...exchange.ids() }
        : {
            status: failure.status,
            ...exchange.ids(),
            upstream_request_id: failure.upstreamRequestId?.slice(0, 128),
            hint: failure.status >= 300 && failure.status < 400 ? 'a redirect: check base_url' : undefined,
          },
    )
  }

  /** One warning per upstream and hour. */
  #oddField(upstream: string, field: string): void {
    const now = this.#options.clock()
    const last = this.#oddFields.get(upstream)
    if (last !== undefined && now - last < HOUR_MS) return
    this.#oddFields.set(upstream, now)
    this.#options.log.warn('a usage field of an upstream is not a whole number; it counts as 0', {
      upstream,
      field,
    })
  }
}

const HOUR_MS = 3_600_000

function outcomeOf(result: AttemptResult): AttemptOutcome {
  if (result.kind === 'served') return result.outcome === undefined ? 'ok' : 'aborted'
  return result.kind === 'ended_early' ? 'aborted' : failureOutcome(result)
}

/** Passes an upstream's error on: status and body as they came, or our words where the body cannot be shown. */
function passOn({ client, exchange }: Order, answer: ErrorAnswer): void {
  if (client.isGone) {
    exchange.brokeOff(client.departure)
    return
  }
  const { upstream, status, upstreamRequestId } = answer
  const body = answer.body ?? replacementBody(status, exchange.requestId)
  const own = client.ownHeaders()
  if (answer.body === null) own['content-type'] = 'application/json'
  own['content-length'] = String(body.length)
  exchange.answered({ upstream, status, upstreamRequestId })
  client.begin(status, answerHeaders(answer.headers, own))
  client.end(body)
}
