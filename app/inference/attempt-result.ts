import type { Outcome } from './answer-sink.ts'
import type { Failure } from './failover.ts'
import type { ReplyUsage } from './usage-record.ts'

/** What became of an attempt: a failure the next upstream may make good, or the end of the request. */
export type AttemptResult = Failure | { readonly kind: 'ended_early' } | Served

/** The client has its answer, or is gone. */
export interface Served {
  readonly kind: 'served'
  readonly outcome: Outcome | undefined
  readonly usage: ReplyUsage | null
  /** What is still to be done to end the answer, `last` being its last bytes; null when nothing is. */
  readonly end: { readonly last: Buffer | undefined } | null
  /** Whether the upstream had the whole request and said nothing about its cost when it was given up. */
  readonly isAbandoned: boolean
}
