// Streams: server-sent events from the upstream to the client, whole events only, as fast as the client reads.
import type { Log } from '../lib/log.ts'
import type { Answer, AnswerSink } from './answer-sink.ts'
import { EventBoundary } from './event-boundary.ts'
import { type EventSpan, readEvent } from './event-lines.ts'
import { answerHeaders } from './headers.ts'
import { PING, PingTimer } from './pings.ts'
import type { StreamMeter } from './usage.ts'
import type { ReplyUsage } from './usage-record.ts'

/**
 * Answers what stands in the place of an `error` event with that data; `type` is the error's, where the data does not
 * say it.
 */
export type ErrorEvent = (data: Buffer, type?: string) => Buffer

export interface StreamOptions {
  readonly meter: StreamMeter
  readonly log: Log
  /** Whether the client gets pings while the upstream is quiet. */
  readonly sendsPings: boolean
  /** Null lets `error` events pass as they are. */
  readonly errorEvent: ErrorEvent | null
}

/** Passes a stream on; the head leaves at once. */
export class StreamRelay implements AnswerSink {
  readonly #answer: Answer
  readonly #meter: StreamMeter
  readonly #log: Log
  readonly #errorEvent: StreamOptions['errorEvent']
  readonly #pings: PingTimer | null
  readonly #boundary = new EventBoundary()
  #isBehind = false
  #isMetering = true
  /** The upstream's last word was replaced; nothing comes after it. */
  #isOver = false

  constructor(answer: Answer, { meter, log, sendsPings, errorEvent }: StreamOptions) {
    this.#answer = answer
    this.#meter = meter
    this.#log = log
    this.#errorEvent = errorEvent
    this.#pings = sendsPings ? new PingTimer() : null
    const own = answer.client.successHeaders()
    own['cache-control'] = 'no-cache'
    own['x-accel-buffering'] = 'no'
    answer.began()
    answer.client.begin(answer.status, answerHeaders(answer.headers, own))
    answer.client.flushHead()
  }

  data(chunk: Buffer): void {
    if (this.#isOver) return
    this.#measure(chunk)
    if (this.#errorEvent !== null && this.#meter.hasLastWord) this.#endWithError(chunk, this.#errorEvent)
    else this.#boundary.push(chunk, this)
    if (this.#isBehind) this.#answer.flow.pause()
  }

  /** Passes on whole events, all of them deltas, whose text is so many bytes. */
  deltas(events: Buffer, textBytes: number): void {
    if (this.#isOver) return
    this.#meter.addText(textBytes)
    this.writeBytes(events)
    if (this.#isBehind) this.#answer.flow.pause()
  }

  writeBytes(bytes: Buffer): void {
    this.#pings?.wrote()
    if (!this.#answer.client.write(bytes)) this.#isBehind = true
  }

  /** Writes a ping when one is due, between two events and while the client keeps up. */
  tick(now: number): void {
    if (this.#pings === null || !this.#pings.isDue(now)) return
    if (!this.#isBehind && !this.#isOver && this.#boundary.isBetweenEvents) this.writeBytes(PING)
  }

  ready(): void {
    this.#isBehind = false
    this.#answer.flow.resume()
  }

  /** A stream that ends without its last event is half an answer, however orderly it ends. */
  end(): void {
    if (this.#isMetering && !this.#meter.isWhole && !this.#isOver) {
      this.broke()
      return
    }
    this.#boundary.flush(this)
    this.#answer.finish()
  }

  broke(): void {
    this.cut()
    this.#answer.over('upstream_abort')
  }

  /** Ends the client's connection after the last whole event. */
  cut(): void {
    this.#boundary.drop()
    this.#answer.client.breakOff()
  }

  /** Ends the stream in order after an event that says why. */
  fail(data: Buffer, type: string): void {
    this.#isOver = true
    if (this.#errorEvent !== null) this.writeBytes(this.#errorEvent(data, type))
    this.#answer.finish()
  }

  /** A stream that is an error and nothing else costs nothing. */
  usage(): ReplyUsage | null {
    return this.#isMetering && this.#meter.isStarted ? this.#meter.result() : null
  }

  /** Passes on what stands before the error that ends in `chunk`, and an event in its place. */
  #endWithError(chunk: Buffer, errorEvent: ErrorEvent): void {
    this.#isOver = true
    const bytes = Buffer.concat([...this.#boundary.take(), chunk])
    const span: EventSpan = { kind: 'other', dataFrom: 0, dataTo: 0, next: 0 }
    let from = 0
    for (readEvent(bytes, from, span); !isLastWord(span); readEvent(bytes, from, span)) {
      // Of an event as long as what may be held the beginning is gone.
      if (span.next === -1) {
        this.broke()
        return
      }
      from = span.next
    }
    if (from > 0) this.writeBytes(bytes.subarray(0, from))
    this.writeBytes(errorEvent(bytes.subarray(span.dataFrom, span.dataTo)))
  }

  /** A fault of the meter is ours, not the developer's: the stream goes on unmetered. */
  #measure(chunk: Buffer): void {
    if (!this.#isMetering) return
    try {
      this.#meter.read(chunk)
    } catch (error) {
      this.#isMetering = false
      this.#log.error('the usage of a stream could not be read', { cause: String(error) })
    }
  }
}

/** Every event of the Messages API has a name: what has none is the cloud's own, and so its words are. */
function isLastWord({ kind }: EventSpan): boolean {
  return kind === 'error' || kind === 'unnamed'
}
