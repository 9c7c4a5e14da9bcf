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
  #usage: ReplyUsage | null = null

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
    const { client } = this.#answer
    if (this.#isPassing) {
      client.end()
      this.#measure(() => readReplyTail(this.#joined(), this.#meter.upstreamModel, this.#meter.onOddField))
    } else {
      const body = this.#rewritten(this.#joined())
      if (body === null) {
        this.#answer.endedEarly()
        return
      }
      this.#begin(String(body.length))
      client.end(body)
      this.#measure(() => this.#read(body))
    }
    this.#answer.over()
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

  usage(): ReplyUsage | null {
    return this.#usage
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
    if (!this.#answer.client.write(chunk)) this.#answer.flow.pause()
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
    const { upstreamModel, onOddField, supplied } = this.#meter
    const usage = readReply(body, upstreamModel, onOddField)
    if (usage === null || !usage.estimated || supplied === undefined) return usage
    const tally = new UsageTally(onOddField)
    tally.add(supplied)
    return tally.result(usage.parts[0]?.model ?? upstreamModel, { floor: 0, estimated: false })
  }

  #measure(read: () => ReplyUsage | null): void {
    if (!this.#meter.isMetered) return
    try {
      this.#usage = read()
    } catch (error) {
      this.#meter.log.error('the usage of a reply could not be read', { cause: String(error) })
    }
  }
}
