// What this replica remembers of its upstreams, and the walks over them that it leads by that.
import type { RoutingConfig } from '../../config/routing.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { Affinity } from './affinity.ts'
import { type BreakerRules, IN_USE } from './breaker.ts'
import { Lane } from './lane.ts'
import { RetryBudget } from './retry-budget.ts'
import { type Journey, OnlyRoute, type Route, RoutedWalk, type Walk } from './walk.ts'

export interface RoutingOptions {
  readonly config: RoutingConfig
  /** Whether `timeouts.upstream_ttfb_ms` is set, which then holds for every attempt. */
  readonly hasOwnTtfb: boolean
  /** Every configured upstream, by name. */
  readonly upstreams: Iterable<string>
  /** A clock that only goes forward. */
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  readonly log: Log
}

/** The first byte of a stream, while another upstream is left. */
const FIRST_BYTE_MS = 60_000

/** More than any configuration has pairs of upstream and model; beyond it the memory starts anew. */
const MAX_LANES = 10_000

export class Routing {
  readonly clock: Clock
  readonly random: () => number
  readonly rules: BreakerRules
  readonly maxRestMs: number
  /** Shares by upstream; null for the order of the file. */
  readonly weights: ReadonlyMap<string, number> | null
  /** How long a stream's first byte is waited for while another upstream is left, in milliseconds. */
  readonly firstByteMs: number
  readonly budget: RetryBudget
  readonly affinity: Affinity
  readonly #log: Log
  readonly #upstreams: readonly string[]
  readonly #lanes = new Map<string, Lane>()
  /** Lists of routes are made once per model, so their lanes need be looked up once. */
  #found = new WeakMap<readonly Route[], readonly Lane[]>()

  constructor({ config, hasOwnTtfb, upstreams, clock, random, log }: RoutingOptions) {
    this.clock = clock
    this.random = random
    this.#log = log
    this.#upstreams = [...upstreams]
    this.rules = { failures: config.breaker_failures, openMs: config.breaker_open_seconds * 1000 }
    this.maxRestMs = config.max_cooldown_seconds * 1000
    this.weights = config.weights === undefined ? null : new Map(Object.entries(config.weights))
    this.firstByteMs = config.first_byte_ms ?? (hasOwnTtfb ? Number.POSITIVE_INFINITY : FIRST_BYTE_MS)
    this.budget = new RetryBudget({ ratio: config.retry_ratio, floor: config.retry_floor })
    this.affinity = new Affinity(config.affinity_seconds * 1000)
  }

  /** The walk of one request; with one upstream there is nothing to choose, and nothing is remembered. */
  walk(journey: Journey): Walk {
    const [first, second] = journey.routes
    if (first !== undefined && second === undefined) return new OnlyRoute(first)
    return new RoutedWalk(this, this.#lanesOf(journey.routes), journey)
  }

  /** Who would serve if the order of the file decided: the first that is in use, else the first; null without any. */
  firstInUse(routes: readonly Route[]): Route | null {
    const [first, second] = routes
    if (first === undefined || second === undefined) return first ?? null
    const now = this.clock()
    return this.#lanesOf(routes).find(lane => lane.standing(now) === 'in_use') ?? first
  }

  /** Whether each upstream is in use for all its models, by name. */
  states(): ReadonlyMap<string, boolean> {
    const now = this.clock()
    const states = new Map(this.#upstreams.map(name => [name, true]))
    for (const lane of this.#lanes.values()) {
      if (lane.standing(now) !== 'in_use') states.set(lane.upstream, false)
    }
    return states
  }

  /** Changes what is remembered of a lane, and says so where the operator wants to know. */
  settle(lane: Lane, breaker: Lane['breaker']): void {
    const before = lane.breaker
    if (before === breaker) return
    lane.breaker = breaker
    const { upstream, model } = lane
    if (before.openUntil === null && breaker.openUntil !== null) {
      const seconds = this.rules.openMs / 1000
      this.#log.warn(`upstream ${upstream} is set aside for a model; it is tried again in ${seconds} s`, {
        model,
        failures: this.rules.failures,
      })
    }
    if (before.openUntil !== null && breaker === IN_USE)
      this.#log.info(`upstream ${upstream} is in use again for a model`, { model })
  }

  #lanesOf(routes: readonly Route[]): readonly Lane[] {
    const found = this.#found.get(routes)
    if (found !== undefined) return found
    if (this.#lanes.size >= MAX_LANES) {
      this.#lanes.clear()
      this.#found = new WeakMap()
    }
    const lanes = routes.map(route => {
      const key = JSON.stringify([route.upstream, route.model])
      const lane = this.#lanes.get(key) ?? new Lane(route)
      this.#lanes.set(key, lane)
      return lane
    })
    this.#found.set(routes, lanes)
    return lanes
  }
}
