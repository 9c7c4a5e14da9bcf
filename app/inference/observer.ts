import type { IncomingHttpHeaders } from 'node:http'
import type { SettingsState } from '../audit/events.ts'
import type { Outcome } from './answer-sink.ts'
import type { AttemptOutcome } from './failover.ts'
import type { ModelDenial } from './model-refusals.ts'
import type { ReplyUsage } from './usage-record.ts'

/** Whoever measures inference. Nothing it does may throw, wait, or change an answer. */
export interface InferenceObserver {
  /** Decides whether the request that begins is traced; null for most. */
  trace(headers: IncomingHttpHeaders): RequestTrace | null
  /** A streamed answer of `upstream` began (1) or is over (-1). */
  streaming(upstream: string, change: 1 | -1): void
  /** What a request that its client gave up cost at `upstream` could not be learned. */
  uncounted(upstream: string): void
  /** Told once, when everything about the request is known. */
  over(record: RequestRecord): void
}

/** The trace of one request, for the lines that are written about it. */
export interface RequestTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string
}

/** One authenticated request, from its bearer to its last byte. Times are milliseconds of a clock that only goes forward. */
export interface RequestRecord {
  readonly requestId: string
  readonly operation: 'messages' | 'count_tokens'
  readonly trace: RequestTrace | null
  readonly receivedAt: number
  /** The bearer was verified. */
  readonly startedAt: number
  /** The whole body was there; null when it never was. */
  readonly bodyReadAt: number | null
  /** The answer's first byte was written; null for an answer of the gateway's own. */
  readonly firstByteAt: number | null
  readonly endedAt: number
  /** From the first look at what the caller has spent to the decision; null where nobody looked. */
  readonly gate: Lapse | null
  readonly attempts: readonly AttemptRecord[]
  /** While the answer's end waited for its cost to be stored; null where it did not. */
  readonly settle: Lapse | null
  /** Whose answer the client got; null for the gateway's own. */
  readonly upstream: string | null
  /** The id in the request. */
  readonly model: string | null
  readonly stream: boolean
  readonly status: number
  readonly outcome: Outcome | undefined
  readonly usage: ReplyUsage | null
  /** Why a policy refused the model. */
  readonly denial: ModelDenial['reason'] | null
  /** Whether the client's settings are the ones it should have; null unless `settings_drift` is `report`. */
  readonly settingsState: SettingsState | null
  readonly headers: IncomingHttpHeaders
}

/** Times of the record's clock. */
export interface Lapse {
  readonly startedAt: number
  readonly endedAt: number
}

/** One request to one upstream. */
export interface AttemptRecord {
  readonly upstream: string
  /** The upstream's id for the model. */
  readonly model: string
  readonly startedAt: number
  /** Its first byte was handed to a connection; null when none was had. */
  sendingAt: number | null
  endedAt: number
  result: AttemptOutcome
}
