// What inference asks of whoever watches spend, which passes requests, and is told what they used.
import type { Identity } from '../identity/identity.ts'
import type { UsageRecord } from './usage-record.ts'

/** Watches what developers spend. */
export interface Spending {
  /** Begins to look at what the caller has spent; nothing waits yet, and nothing rejects. */
  begin(caller: Caller): Gate
  /**
   * Takes what an admitted request used, before its answer ends; never throws or rejects. The promise resolves when that
   * is stored or has taken too long; null when there is nothing to wait for.
   */
  settle(admission: Admission, record: UsageRecord): Promise<void> | null
  /** The request is over and used nothing. */
  release(admission: Admission): void
}

export interface Caller {
  readonly requestId: string
  readonly identity: Identity
}

/** The decision about one request. */
export interface Gate {
  /**
   * Resolves when the request may go on; rejects with the refusal to answer with. `estimate`, called where somebody
   * reserves, says what it may use; it is null for a request that is refused for another reason anyway: whoever is over a cap
   * is told that first (M-10).
   */
  pass(estimate: (() => Estimate) | null): Promise<Admission>
}

/** What is known of a request before it is served (M-38). */
export interface Estimate {
  readonly bodyBytes: number
  /** `max_tokens`; null where the body has none. */
  readonly maxTokens: number | null
  /** Where it would be served first. */
  readonly upstream: string
  readonly upstreamModel: string
  readonly clientModel: string
  /** The model's window in tokens; null where it is unknown. */
  readonly contextWindow: number | null
}

/** One request that may go on, and what its cost is charged to. */
export interface Admission {
  /** Made by the gateway, time-ordered (UUIDv7, RFC 9562 section 5.7); never a client's value (M-31). */
  readonly entryId: string
  /** Milliseconds since 1970. The cost belongs to the periods of this moment, however late it is known (M-5). */
  readonly admittedAt: number
  readonly identity: Identity
  /** Headers of a 2xx answer; none for whoever has no cap, and when spend could not be read. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether a hold was taken, which settling or `release` gives back. */
  readonly isHeld: boolean
}
