// The way of one request over the upstreams of its model: which is asked next, and what each attempt teaches.
import type { ScannedBody } from '../body-edits.ts'
import type { ReplyUsage } from '../usage-record.ts'
import { usesCache } from './affinity.ts'
import {
  afterAnswer,
  afterBreak,
  afterEnd,
  afterFailure,
  IN_USE,
  withoutProbe,
  withProbe,
} from './breaker.ts'
import type { Lane } from './lane.ts'
import type { Routing } from './routing.ts'
import type { Verdict } from './verdict.ts'
import { drawn } from './weights.ts'

/** Where a model is served, and under which id. */
export interface Route {
  readonly upstream: string
  readonly model: string
}

/** One request, as far as its way depends on it. */
export interface Journey {
  /** At least one, in the order of the file. */
  readonly routes: readonly Route[]
  /** Token counts follow the others and teach nothing. */
  readonly operation: 'messages' | 'count_tokens'
  readonly body: ScannedBody
  readonly sub: string
}

/** Why the upstream that was asked first was the first. */
export type RoutingReason = 'first' | 'weighted' | 'affinity' | 'probe' | 'skipped' | 'last_resort'

export interface Walk {
  /** Null where there was nothing to choose, or nothing was asked. */
  readonly reason: RoutingReason | null
  /** Whether a failed request was not repeated elsewhere because too many are. */
  readonly isDenied: boolean
  /** Whom to ask next; null when the walk is over. Who is passed over without `asks` is not asked again. */
  next(): Route | null
  /** Whether anybody would be left after the one that `next` answered last. */
  hasNext(): boolean
  /** The one that `next` answered last is being asked. */
  asks(): void
  /** The first byte of its answer came. */
  answered(): void
  /** What became of the attempt. */
  over(verdict: Verdict, usage: ReplyUsage | null): void
}

/** One upstream: it is asked, whatever happened before. */
export class OnlyRoute implements Walk {
  readonly reason = null
  readonly isDenied = false
  #route: Route | null

  constructor(route: Route) {
    this.#route = route
  }

  next(): Route | null {
    const route = this.#route
    this.#route = null
    return route
  }

  hasNext(): boolean {
    return false
  }

  asks(): void {}
  answered(): void {}
  over(): void {}
}

export class RoutedWalk implements Walk {
  reason: RoutingReason | null = null
  isDenied = false
  readonly #routing: Routing
  readonly #lanes: readonly Lane[]
  readonly #journey: Journey
  /** Those that may still be asked, the preferred one first. */
  readonly #left: Lane[]
  #current: Lane | null = null
  #wouldBe: RoutingReason = 'first'
  #isTrial = false
  #hasAsked = false
  readonly #chosen: Lane[] = []
  /** Whether the next call repeats one that met trouble. */
  #isRepeat = false
  #key: string | null | undefined

  constructor(routing: Routing, lanes: readonly Lane[], journey: Journey) {
    this.#routing = routing
    this.#lanes = lanes
    this.#journey = journey
    routing.budget.request(routing.clock())
    this.#left = this.#ordered()
  }

  next(): Route | null {
    const now = this.#routing.clock()
    // The one before was passed over: it cannot take this request.
    if (this.#current !== null && !this.#hasAsked) this.#wouldBe = 'skipped'
    for (let lane = this.#left.shift(); lane !== undefined; lane = this.#left.shift()) {
      if (this.#isOpen(lane, now))
        return this.#isAllowed(now) ? this.#choose(lane, lane.standing(now) === 'due') : null
      if (!this.#hasAsked) this.#wouldBe = 'skipped'
    }
    return this.#hasAsked ? null : this.#lastResort()
  }

  hasNext(): boolean {
    const now = this.#routing.clock()
    if (!this.#hasAsked) return this.#chosen.length < this.#lanes.length
    return this.#left.some(lane => this.#isOpen(lane, now)) && this.#routing.budget.allows(now)
  }

  asks(): void {
    const lane = this.#current
    if (lane === null) return
    if (this.#isRepeat) this.#routing.budget.spend(this.#routing.clock())
    if (!this.#hasAsked) this.reason = this.#wouldBe
    this.#hasAsked = true
    if (!this.#teaches) return
    if (this.#isTrial) this.#routing.settle(lane, withProbe(lane.breaker))
    // The body may be gone by the time it is known whether there is a cache to come back to.
    if (!this.#isUsual(lane) && !this.#routing.affinity.isOff) this.#conversation()
  }

  answered(): void {
    if (this.#current === null || !this.#teaches) return
    this.#routing.settle(this.#current, afterAnswer(this.#current.breaker, { isTrial: this.#isTrial }))
  }

  over({ kind, restMs, isTrouble }: Verdict, usage: ReplyUsage | null): void {
    const lane = this.#current
    this.#isRepeat = isTrouble
    if (lane === null || !this.#teaches) return
    const now = this.#routing.clock()
    if (restMs > 0) lane.restUntil = Math.max(lane.restUntil, now + restMs)
    this.#routing.settle(lane, this.#learned(lane, kind, now))
    if (usage !== null && usesCache(usage)) this.#keep(lane, { now, usage })
  }

  get #teaches(): boolean {
    return this.#journey.operation === 'messages'
  }

  #learned({ breaker }: Lane, kind: Verdict['kind'], now: number): Lane['breaker'] {
    const happening = { now, isTrial: this.#isTrial, rules: this.#routing.rules }
    switch (kind) {
      case 'ended':
        return afterEnd(afterAnswer(breaker, happening))
      case 'broke_off':
        return afterBreak(breaker, happening)
      case 'failed':
        return afterFailure(breaker, happening)
      case 'answered':
        // Whoever answers is there, which is what a trial wants to know.
        return this.#isTrial ? IN_USE : breaker
      case 'unknown':
        return this.#isTrial ? withoutProbe(breaker) : breaker
    }
  }

  /** The file's order, with the one that was drawn or that holds the conversation's cache before the others. */
  #ordered(): Lane[] {
    const { affinity, weights } = this.#routing
    const now = this.#routing.clock()
    const lanes = [...this.#lanes]
    if (weights !== null) {
      const shares = lanes.map(lane => (this.#isOpen(lane, now) ? (weights.get(lane.upstream) ?? 0) : 0))
      const position = drawn(shares, this.#routing.random())
      toFront(lanes, position)
      if (position !== -1) this.#wouldBe = 'weighted'
    }
    const key = affinity.isEmpty ? null : this.#conversation()
    const holder = key === null ? null : affinity.upstreamOf(key, now)
    const held = lanes.findIndex(lane => lane.upstream === holder)
    if (lanes[held]?.standing(now) === 'in_use') {
      toFront(lanes, held)
      this.#wouldBe = 'affinity'
    } else if (held !== -1) this.#wouldBe = 'skipped'
    return lanes
  }

  /** A due lane is tried by one request, which is no token count. */
  #isOpen(lane: Lane, now: number): boolean {
    const standing = lane.standing(now)
    return standing === 'in_use' || (standing === 'due' && this.#teaches)
  }

  #isAllowed(now: number): boolean {
    if (!this.#isRepeat || this.#routing.budget.allows(now)) return true
    this.isDenied = true
    this.#left.length = 0
    return false
  }

  #choose(lane: Lane, isTrial: boolean): Lane {
    this.#current = lane
    this.#chosen.push(lane)
    this.#isTrial = isTrial
    if (isTrial && !this.#hasAsked) this.#wouldBe = 'probe'
    return lane
  }

  /** Nobody is in use: the one that would be back first is asked, and what it answers counts. */
  #lastResort(): Lane | null {
    const [first, ...others] = this.#lanes.filter(lane => !this.#chosen.includes(lane))
    if (first === undefined) return null
    const earliest = others.reduce((best, lane) => (lane.backAt() < best.backAt() ? lane : best), first)
    const chosen = this.#choose(earliest, earliest.breaker.openUntil !== null)
    this.#wouldBe = 'last_resort'
    return chosen
  }

  #keep(lane: Lane, { now, usage }: { now: number; usage: ReplyUsage }): void {
    const { affinity } = this.#routing
    if (affinity.isOff || this.#key == null) return
    if (this.#isUsual(lane)) affinity.forget(this.#key)
    else affinity.keep(this.#key, lane.upstream, { now, usage })
  }

  /** In the order of the file the first one needs no memory: that is where conversations go by themselves. */
  #isUsual(lane: Lane): boolean {
    return this.#routing.weights === null && lane === this.#lanes[0]
  }

  #conversation(): string | null {
    if (this.#key !== undefined) return this.#key
    const { body, sub, routes } = this.#journey
    this.#key = this.#routing.affinity.keyOf(body, { sub, model: routes[0]?.model ?? '' })
    return this.#key
  }
}

/** Moves the element at `position` before all others; -1 moves nothing. */
function toFront(lanes: Lane[], position: number): void {
  if (position <= 0) return
  lanes.unshift(...lanes.splice(position, 1))
}
