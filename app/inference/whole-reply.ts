// Replies that are no stream: held until complete while small, passed on as they come when large.
import type { Log } from '../lib/log.ts'
import type { Answer, AnswerSink } from './answer-sink.ts'
import { answerHeaders, textOf } from './headers.ts'
import { readReply, readReplyTail } from './usage.ts'
import { type ReplyUsage, UsageTally } from './usage-record.ts'

/** Up to here a reply is held until it is complete, so that a broken one can still be refused in order. */
const MAX_HELD = 256 * 1024

/** How much of the end of a longer reply is kept for the meter. */
const TAIL = 64 * 1024

export interface MeterOptions {
  readonly upstreamModel: string
  /** Input tokens to count where the reply tells none. */
  readonly assumedInput: number
  /** False for token counts, which cost nothing. */
  readonly isMetered: boolean
  readonly onOddField: (field: string) => void
  readonly log: Log
  /** Figures from elsewhere, which count when the reply holds none. */
  readonly supplied?: object | undefined
  /** Makes a short reply one of the Messages API; null when it cannot be made one. */
  readonly rewrite?: ((body: Buffer) => Buffer | null) | undefined
}

export class WholeReply implements AnswerSink {
  readonly #answer: Answer
  readonly #meter: MeterOptions
  #held: Buffer[] = []
  #heldBytes = 0
  #isPassing = false
  #passedBytes = 0
  /** The last chunk of a long reply, which waits for the next one, or for the end. */
  #last: Buffer | undefined
  /** What a short reply is, once it is complete. */
  #body: Buffer | null = null
  #hasEnded = false

  constructor(answer: Answer, meter: MeterOptions) {
    this.#answer = answer
    this.#meter = meter
  }

  data(chunk: Buffer): void {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#isPassing) {
      this.#write(chunk)
      this.#trim()
    } else if (this.#heldBytes > MAX_HELD) this.#startPassing()
  }

  end(): void {
    this.#hasEnded = true
    if (this.#isPassing) {
      this.#answer.finish(this.#last)
      return
    }
    const body = this.#rewritten(this.#joined())
    if (body === null) {
      this.#answer.endedEarly()
      return
    }
    this.#body = body
    this.#begin(String(body.length))
    this.#answer.finish(body)
  }

  broke(): void {
    if (!this.#isPassing) {
      this.#answer.endedEarly()
      return
    }
    this.#answer.client.breakOff()
    this.#answer.over('upstream_abort')
  }

  ready(): void {
    this.#answer.flow.resume()
  }

  /** Of a reply that was cut before a byte of it was passed on nothing is known, and it costs nothing (M-26). */
  usage(): ReplyUsage | null {
    if (!this.#meter.isMetered) return null
    try {
      if (this.#body !== null) return this.#read(this.#body)
      return this.#isPassing ? this.#readPassed() : null
    } catch (error) {
      this.#meter.log.error('the usage of a reply could not be read', { cause: String(error) })
      return null
    }
  }

  #startPassing(): void {
    this.#isPassing = true
    this.#begin(this.#answer.isDecoded ? undefined : textOf(this.#answer.headers['content-length']))
    for (const chunk of this.#held) this.#write(chunk)
    this.#trim()
  }

  #begin(length: string | undefined): void {
    const { client, status, headers } = this.#answer
    const own = client.successHeaders()
    if (length !== undefined) own['content-length'] = length
    this.#answer.began()
    client.begin(status, answerHeaders(headers, own))
  }

  #write(chunk: Buffer): void {
    this.#passedBytes += chunk.length
    const due = this.#answer.holdsEnd ? this.#last : chunk
    if (this.#answer.holdsEnd) this.#last = chunk
    if (due !== undefined && !this.#answer.client.write(due)) this.#answer.flow.pause()
  }

  /** Keeps no more than the end, for the meter. */
  #trim(): void {
    while (this.#held.length > 1 && this.#heldBytes - this.#held[0]!.length >= TAIL) {
      this.#heldBytes -= this.#held.shift()!.length // the loop asked for more than one
    }
  }

  #joined(): Buffer {
    return this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held) // one was just counted
  }

  #rewritten(body: Buffer): Buffer | null {
    const { rewrite } = this.#meter
    return rewrite === undefined ? body : rewrite(body)
  }

  #read(body: Buffer): ReplyUsage | null {
    const { supplied, upstreamModel, onOddField } = this.#meter
    const usage = readReply(body, this.#meter)
    if (usage === null || !usage.estimated || supplied === undefined) return usage
    const tally = new UsageTally(onOddField)
    if (!tally.add(supplied)) return usage
    return tally.result(usage.parts[0]?.model ?? upstreamModel, { floor: 0, input: 0, estimated: false })
  }

  /** Of a long reply; one that was cut is counted by its bytes. */
  #readPassed(): ReplyUsage {
    const end = this.#hasEnded ? this.#joined() : NOTHING
    return readReplyTail(end, { ...this.#meter, bytes: this.#passedBytes })
  }
}

const NOTHING = Buffer.alloc(0)
