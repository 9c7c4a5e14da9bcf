import type { Clock } from './clock.ts'
import { withDeadline } from './deadline.ts'
import type { Log } from './log.ts'

/** A token as its issuer handed it out: mostly text, for some issuers several texts. */
export interface FetchedToken<T = string> {
  readonly token: T
  /** Seconds from now; infinite for one that does not expire. */
  readonly expiresIn: number
}

export interface ExpiringTokenOptions<T = string> {
  /** For the log, such as `the access token of upstream "anthropic"`. */
  readonly name: string
  readonly clock: Clock
  readonly log: Log
  /** This long before expiry a new one is fetched in the background, in milliseconds. */
  readonly refreshAheadMs: number
  /** With less than this left, requests wait for the new one. */
  readonly blockUnderMs: number
  fetchToken(): Promise<FetchedToken<T>>
}

const LONGEST_WAIT_MS = 10_000
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 30_000
const STALE_EVERY_MS = 30_000

/** Between two fetches of a token that is due as soon as it is handed out, as issuers with a cache do. */
const SAME_AGAIN_MS = 10_000

/**
 * A fetched credential that is renewed ahead of its expiry: one fetch in flight, never one per request.
 *
 * While it is merely due, the old token serves. Requests wait, together, only when there is none, when it is about
 * to expire, or when the upstream refused it.
 */
export class ExpiringToken<T = string> {
  readonly #options: ExpiringTokenOptions<T>
  #token: { readonly value: T; readonly expiresAt: number } | null = null
  #inFlight: Promise<T> | null = null
  #failures = 0
  #nextTryAt = 0
  #isStale = false
  #staleAt = Number.NEGATIVE_INFINITY
  #lastCause = 'none yet'

  constructor(options: ExpiringTokenOptions<T>) {
    this.#options = options
  }

  /** The token, or a promise of it that rejects after ten seconds or with the cause of the failure. */
  get(): T | Promise<T> {
    const { clock, refreshAheadMs, blockUnderMs } = this.#options
    const now = clock()
    const token = this.#token
    const left = token === null ? 0 : token.expiresAt - now
    if (token === null || left < blockUnderMs || this.#isStale) return this.#wait(now)
    if (left < refreshAheadMs && now >= this.#nextTryAt) this.#fetch().catch(ignore)
    return token.value
  }

  /** The upstream refused the token: the next requests wait for a new one, which is fetched at most every 30 s. */
  refused(): void {
    const now = this.#options.clock()
    if (now - this.#staleAt < STALE_EVERY_MS) return
    this.#staleAt = now
    this.#isStale = true
    this.#nextTryAt = now
  }

  #wait(now: number): Promise<T> {
    if (this.#inFlight === null && now < this.#nextTryAt)
      return Promise.reject(new Error(`not fetched again yet; last failure: ${this.#lastCause}`))
    return withDeadline(this.#fetch(), LONGEST_WAIT_MS)
  }

  #fetch(): Promise<T> {
    this.#inFlight ??= this.#fetchOnce().finally(() => {
      this.#inFlight = null
    })
    return this.#inFlight
  }

  async #fetchOnce(): Promise<T> {
    const { clock, log, name } = this.#options
    try {
      const { token, expiresIn } = await this.#options.fetchToken()
      this.#token = { value: token, expiresAt: clock() + expiresIn * 1000 }
      if (this.#failures > 0) log.info(`${name} was fetched again`)
      this.#failures = 0
      this.#nextTryAt = clock() + this.#restAfter(expiresIn * 1000)
      this.#isStale = false
      return token
    } catch (error) {
      this.#lastCause = error instanceof Error ? error.message : String(error)
      const pause = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures)
      this.#failures += 1
      this.#nextTryAt = clock() + pause
      // A token that was refused but cannot be replaced is still the best there is.
      this.#isStale = false
      log.warn(`${name} could not be fetched; next try in ${pause / 1000} s at the earliest`, {
        cause: this.#lastCause,
      })
      throw error
    }
  }

  /** How long a new token may serve before it is worth asking for the next; never into the time when all wait. */
  #restAfter(lifeMs: number): number {
    const { refreshAheadMs, blockUnderMs } = this.#options
    return lifeMs > refreshAheadMs ? 0 : Math.max(0, Math.min(SAME_AGAIN_MS, lifeMs - blockUnderMs))
  }
}

/** The failure is logged where it happens; the token in hand still serves. */
function ignore(): void {}
