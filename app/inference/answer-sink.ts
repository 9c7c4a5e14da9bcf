import type { ClientSide } from './client-side.ts'
import type { ReplyUsage } from './usage-record.ts'

/** Takes the body of one upstream's answer, decoded. */
export interface AnswerSink {
  /** The chunk is the sink's from now on, to be passed on or written over. */
  data(chunk: Buffer): void
  end(): void
  /** The upstream reset, fell silent, or sent what cannot be decoded. */
  broke(): void
  /** The client keeps up again. */
  ready(): void
  /** What the reply cost so far; null when nothing is known. */
  usage(): ReplyUsage | null
  /** Whether what has come so far may still be no answer, so that another upstream can be asked. Default: false. */
  readonly isUndecided?: boolean
  /** Called about once a second; `now` is the clock's. */
  tick?(now: number): void
  /** Ends the client's connection in the way of a half answer. Default: at once. */
  cut?(): void
}

/** Holds an upstream back, or ends it. */
export interface FlowControl {
  pause(): void
  resume(): void
}

/** How a relayed answer ended, when it did not end well. */
export type Outcome = 'client_abort' | 'upstream_abort' | 'drained'

/** What a relay is told about the answer, and whom it tells about its progress. */
export interface Answer {
  readonly client: ClientSide
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Whether the body is another length than the upstream's `content-length` said. */
  readonly isDecoded: boolean
  readonly flow: FlowControl
  /** The first byte for the client is about to be written. */
  began(): void
  /** Whether the end of the answer waits until what it used is stored: the last bytes must not leave before. */
  readonly holdsEnd: boolean
  /** The answer is complete: everything was written but `last`, which leaves with its end. */
  finish(last?: Buffer): void
  /** The answer was cut. */
  over(outcome: Outcome): void
  /** The reply broke before a byte of it was written. */
  endedEarly(): void
}
