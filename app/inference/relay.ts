// Streams: server-sent events from the upstream to the client, whole events only, as fast as the client reads.
import type { Log } from '../lib/log.ts'
import type { Answer, AnswerSink } from './answer-sink.ts'
import { EventBoundary } from './event-boundary.ts'
import { answerHeaders } from './headers.ts'
import type { StreamMeter } from './usage.ts'
import type { ReplyUsage } from './usage-record.ts'

/** Passes a stream on; the head leaves at once. */
export class StreamRelay implements AnswerSink {
  readonly #answer: Answer
  readonly #meter: StreamMeter
  readonly #log: Log
  readonly #boundary = new EventBoundary()
  #isBehind = false
  #isMetering = true

  constructor(answer: Answer, meter: StreamMeter, log: Log) {
    this.#answer = answer
    this.#meter = meter
    this.#log = log
    const own = answer.client.ownHeaders()
    own['cache-control'] = 'no-cache'
    own['x-accel-buffering'] = 'no'
    answer.began()
    answer.client.begin(answer.status, answerHeaders(answer.headers, own))
    answer.client.flushHead()
  }

  data(chunk: Buffer): void {
    this.#measure(chunk)
    this.#boundary.push(chunk, this)
    if (this.#isBehind) this.#answer.flow.pause()
  }

  writeBytes(bytes: Buffer): void {
    if (!this.#answer.client.write(bytes)) this.#isBehind = true
  }

  ready(): void {
    this.#isBehind = false
    this.#answer.flow.resume()
  }

  /** A stream that ends without its last event is half an answer, however orderly it ends. */
  end(): void {
    if (this.#isMetering && !this.#meter.isWhole) {
      this.broke()
      return
    }
    this.#boundary.flush(this)
    this.#answer.client.end()
    this.#answer.over()
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

  usage(): ReplyUsage | null {
    const isKnown = this.#meter.isStarted || this.#meter.isWhole
    return this.#isMetering && isKnown ? this.#meter.result() : null
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
