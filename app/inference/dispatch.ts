// Walks the upstreams that serve the model, in the order that routing says, until one of them answers.
import { Refusal } from '../http/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Outcome } from './answer-sink.ts'
import { Attempt, type AttemptOptions } from './attempt.ts'
import { AttemptLog } from './attempt-log.ts'
import type { AttemptResult, Served } from './attempt-result.ts'
import type { Ticket } from './capacity.ts'
import type { Charge } from './charge.ts'
import type { ClientSide } from './client-side.ts'
import { translateAnswer, translateEvent, wordsForLog } from './cloud-answer.ts'
import { INPUT_TOO_LONG, refusesCredential } from './cloud-errors.ts'
import { CountMemory } from './count-memory.ts'
import { passOn } from './error-reply.ts'
import type { Exchange } from './exchange.ts'
import {
  type AttemptOutcome,
  asksNext,
  type ErrorAnswer,
  type Failure,
  failureOutcome,
  finalAnswer,
} from './failover.ts'
import type { LoadTest } from './load-test.ts'
import type { AttemptRecord } from './observer.ts'
import { isTooLong, outgoingBody, refuseSettings } from './outgoing-body.ts'
import { Reckoning, type ReckoningOptions } from './reckoning.ts'
import type { RequestBody } from './request-body.ts'
import type { Routing } from './routing/routing.ts'
import { UNKNOWN, verdictOn } from './routing/verdict.ts'
import type { Route, Walk as Way } from './routing/walk.ts'
import type { Call, RequestHead, Upstream } from './upstreams/upstream.ts'
import { tokensOf } from './usage.ts'

export interface DispatchOptions extends ReckoningOptions {
  /** Every configured upstream, by name. */
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly routing: Routing
  /** How long an upstream may be silent inside an answer, in milliseconds; 0 = for ever. */
  readonly idleMs: number
  readonly clock: Clock
  /** Null unless `load_test_mode` is on. */
  readonly loadTest: Pick<LoadTest, 'answer'> | null
}

/** One admitted and checked request. */
export interface Order {
  readonly exchange: Exchange
  readonly client: ClientSide
  readonly body: RequestBody
  readonly ticket: Ticket
  /** Null where nobody watches spend, and for what costs nothing. */
  readonly charge: Charge | null
  /** The model's window in tokens; null where it is unknown. */
  readonly contextWindow: number | null
  /** Where the model is served, in the order of the file. */
  readonly routes: readonly Route[]
  /** The call without the upstream's id for the model. */
  readonly call: Omit<Call, 'model'>
}

/** Serves orders; resolves when the client's answer is over, or throws the refusal to answer with. */
export type Dispatch = (order: Order) => Promise<void>

export function createDispatch(options: DispatchOptions): Dispatch {
  const dispatching = new Dispatching(options)
  return order => dispatching.serve(order)
}

/** What a walk over the upstreams has met so far. */
interface Walk {
  readonly way: Way
  readonly failures: Failure[]
  /** Whether some upstream was there that cannot count tokens. */
  cannotCount: boolean
}

class Dispatching {
  readonly #options: DispatchOptions
  readonly #reckoning: Reckoning
  readonly #log: AttemptLog
  readonly #counting: CountMemory

  constructor(options: DispatchOptions) {
    this.#options = options
    this.#reckoning = new Reckoning(options)
    this.#log = new AttemptLog(options)
    this.#counting = new CountMemory(options.clock)
  }

  async serve(order: Order): Promise<void> {
    const { body, exchange, routes } = order
    const { operation } = order.call
    const journey = { routes, operation, body, sub: exchange.identity.sub }
    const way = this.#options.routing.walk(journey)
    const walk: Walk = { way, failures: [], cannotCount: false }
    for (let route = way.next(); route !== null; route = way.next()) {
      const upstream = this.#options.upstreams.get(route.upstream)
      if (upstream === undefined) continue
      const call: Call = { ...order.call, model: route.model }
      if (operation === 'count_tokens' && !this.#mayCount(upstream, call.model)) {
        walk.cannotCount = true
        continue
      }
      refuseSettings(body, upstream)
      if (isTooLong(body, upstream, call)) {
        if (way.hasNext()) continue
        throw new Refusal('input_too_long', INPUT_TOO_LONG)
      }
      way.asks()
      exchange.routing = way.reason
      if ((await this.#ask(order, { upstream, call, walk })) === 'answered') return
    }
    exchange.isRetryDenied = way.isDenied
    const final = finalAnswer(walk.failures)
    if (final !== null) return passOn(order, final)
    if (walk.cannotCount) throw new Refusal('not_countable', 'token counting is not available for this model')
    throw new Refusal(
      'upstreams_exhausted',
      `no upstream could answer (${this.#options.upstreams.size} configured)`,
    )
  }

  #mayCount({ name, counting }: Upstream, model: string): boolean {
    return counting?.takes(model) !== false && this.#counting.mayCount(name, model)
  }

  /** Asks one upstream, and says whether the next one is to be asked. */
  async #ask(
    order: Order,
    { upstream, call, walk }: { upstream: Upstream; call: Call; walk: Walk },
  ): Promise<'answered' | 'next'> {
    const { exchange } = order
    const attempt = exchange.attempt(upstream.name, call.model)
    const result = await this.#attempt(order, { upstream, call, attempt, way: walk.way }).catch(error => {
      walk.way.over(UNKNOWN, null)
      throw error
    })
    exchange.attempted(attempt, outcomeOf(result))
    const told = { carriedEmail: upstream.carriesEmail(call), maxRestMs: this.#options.routing.maxRestMs }
    walk.way.over(verdictOn(result, told), result.kind === 'served' ? result.usage : null)
    switch (result.kind) {
      case 'served':
        await this.#served(order, { upstream, call, result })
        return 'answered'
      case 'ended_early':
        throw new Refusal('upstream_ended_early', 'the upstream ended the reply early')
      case 'unreachable':
        this.#log.failed(exchange, result)
        walk.failures.push(result)
        return 'next'
      case 'answered':
        return this.#judge(order, { upstream, call, walk, answer: result })
    }
  }

  /** Judges an error answer, and passes it on when it is the last word. */
  #judge(
    order: Order,
    { upstream, call, walk, answer }: { upstream: Upstream; call: Call; walk: Walk; answer: ErrorAnswer },
  ): 'answered' | 'next' {
    const { exchange } = order
    const { cloud } = upstream
    if (refusesCredential(answer)) upstream.credentialRefused(call)
    const translated =
      cloud === null
        ? null
        : translateAnswer(answer, { upstream, cloud, call, requestId: exchange.requestId })
    if (translated?.cannotCount) {
      this.#counting.cannotCount(upstream.name, call.model)
      this.#log.cannotCount(exchange, translated, call)
      walk.cannotCount = true
      return 'next'
    }
    if (asksNext(answer.status, { carriedEmail: upstream.carriesEmail(call) })) {
      this.#log.failed(exchange, translated ?? answer)
      walk.failures.push(translated ?? answer)
      return 'next'
    }
    if (translated !== null) this.#log.refused(exchange, translated, call)
    passOn(order, translated ?? answer)
    return 'answered'
  }

  async #attempt(
    order: Order,
    {
      upstream,
      call,
      attempt: record,
      way,
    }: { upstream: Upstream; call: Call; attempt: AttemptRecord; way: Way },
  ): Promise<AttemptResult> {
    const { exchange, client, ticket } = order
    const body = outgoingBody(order.body, upstream, call)
    let head: RequestHead
    try {
      const made = upstream.head(call, body)
      head = made instanceof Promise ? await made : made
    } catch (error) {
      const cause = `no credential: ${error instanceof Error ? error.message : String(error)}`
      return { kind: 'unreachable', upstream: upstream.name, reason: 'credentials', cause }
    }
    if (client.isGone) return gone(client.departure)
    const { clock, log, loadTest, idleMs, routing } = this.#options
    const hasNext = way.hasNext()
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
        ttfbMs: hasNext && call.stream ? Math.min(upstream.ttfbMs, routing.firstByteMs) : upstream.ttfbMs,
        holdsStart: hasNext && loadTest === null,
        holdsEnd: order.charge !== null,
        assumedInput: assumedInput(order),
        sending: () => exchange.sending(record),
        began: (status, ids) => {
          exchange.answered({ upstream: upstream.name, status, ids })
          way.answered()
        },
        bodyDone: () => {
          order.body.release()
          ticket.releaseBytes()
        },
        onOddField: field => this.#log.oddField(upstream.name, field),
        errorEvent: this.#eventTranslator(order, upstream, call),
        stated: body => this.#log.endedInError(exchange, upstream.name, wordsForLog(body, upstream.cloud)),
      },
      resolve,
    )
    // The body is handed to `start` and captured by nothing here: a long stream must not keep it alive.
    attempt.start(head, body)
    return promise
  }

  /** The end of the answer waits until what it used is stored; of a client that is gone nobody waits for it. */
  async #served(
    order: Order,
    { upstream, call, result }: { upstream: Upstream; call: Call; result: Served },
  ): Promise<void> {
    const { exchange, client } = order
    if (result.outcome !== undefined) exchange.brokeOff(result.outcome)
    const stored = this.#reckoning.served({ ...order, upstream, call, result })
    if (result.end === null) return
    const { last } = result.end
    await client.endAfter(stored, last)
    if (client.isGone && last !== undefined) exchange.brokeOff(client.departure)
  }

  /** What a cloud's `error` events become; null where they pass as they are. */
  #eventTranslator({ exchange }: Order, upstream: Upstream, call: Call): AttemptOptions['errorEvent'] {
    const { cloud } = upstream
    if (cloud === null) return null
    return (data, type) => {
      const context = { upstream, cloud, call, requestId: exchange.requestId }
      const { event, words } = translateEvent(data, context, type)
      this.#log.endedInError(exchange, upstream.name, words)
      return event
    }
  }
}

/** The input of a request whose answer tells nothing (M-26), in tokens. */
function assumedInput({ body, contextWindow }: Order): number {
  return Math.min(tokensOf(body.length), contextWindow ?? Number.POSITIVE_INFINITY)
}

function gone(outcome: Outcome): Served {
  return { kind: 'served', outcome, usage: null, end: null, isAbandoned: false }
}

function outcomeOf(result: AttemptResult): AttemptOutcome {
  if (result.kind === 'served') return result.outcome === undefined ? 'ok' : 'aborted'
  return result.kind === 'ended_early' ? 'aborted' : failureOutcome(result)
}
