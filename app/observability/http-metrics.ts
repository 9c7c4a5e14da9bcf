// What is counted of every request that the listener takes, whatever it asks for.
import type { RefusalCode } from '../http/errors.ts'
import type { HttpEnd, HttpObserver } from '../http/observer.ts'
import type { Clock } from '../lib/clock.ts'
import type { Amount, Distribution, Family, Measurements } from './series.ts'

interface HttpMetricsOptions {
  readonly measurements: Measurements
  /** A clock that only goes forward. */
  readonly clock: Clock
}

/** In the place of a route, where none has the path. */
const UNMATCHED = 'unmatched'

/** In the place of a method that HTTP does not define (OpenTelemetry's conventions for HTTP). */
const OTHER_METHOD = '_OTHER'

const METHODS: ReadonlySet<string> = new Set([
  ...['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'],
])

const INFERENCE: ReadonlySet<string> = new Set(['/v1/messages', '/v1/messages/count_tokens'])

const SETTINGS = '/managed/settings'
const SETTINGS_RESULTS: ReadonlySet<number> = new Set([200, 304, 404])

/** Counts requests by route; paths, addresses and headers are not looked at. */
export class HttpMetrics implements HttpObserver {
  readonly #clock: Clock
  readonly #duration: Family<Distribution>
  readonly #active: Family<Amount>
  readonly #settings: Family<Amount>
  readonly #shed: Family<Amount>

  constructor({ measurements, clock }: HttpMetricsOptions) {
    this.#clock = clock
    this.#duration = measurements.distributions('http.server.request.duration')
    this.#active = measurements.amounts('http.server.active_requests')
    this.#settings = measurements.amounts('gatehouse.policy.settings')
    this.#shed = measurements.amounts('gatehouse.inference.shed')
  }

  began({ method }: { readonly method: string }, matched: string | null): HttpEnd {
    const route = matched ?? UNMATCHED
    const startedAt = this.#clock()
    const active = this.#active.of(route)
    active.add(1)
    return status => {
      active.add(-1)
      const known = METHODS.has(method) ? method : OTHER_METHOD
      this.#duration.of(known, route, status).record((this.#clock() - startedAt) / 1000)
      if (route === SETTINGS && SETTINGS_RESULTS.has(status)) this.#settings.of(status).add(1)
    }
  }

  /** What is refused for want of room is counted where the room is. */
  refused(code: RefusalCode, route: string | null): void {
    if (code === 'draining' && route !== null && INFERENCE.has(route)) this.#shed.of('draining').add(1)
  }
}
