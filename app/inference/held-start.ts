// The start of a stream, held back while another upstream could still make good an error that comes in its place.
import type { AnswerSink } from './answer-sink.ts'
import { type EventSpan, readEvent } from './event-lines.ts'
import type { StreamMeter } from './usage.ts'
import type { ReplyUsage } from './usage-record.ts'

export interface HeldStartOptions {
  /** Begins to pass the stream on; gets what was held. */
  readonly open: () => AnswerSink
  /** Answers whether an `error` event with that data sends the request to the next upstream, which is then done. */
  readonly leaves: (data: Buffer) => boolean
  /** The stream ended, or broke, before anything of it was passed on. */
  readonly broke: () => void
  /** Ends the client's connection. */
  readonly breakOff: () => void
  /** Whether data without an event's name is an error, as it is where Google or Microsoft speaks, not the model. */
  readonly isCloud: boolean
  /** Reads what the reply has cost, when it is given up already. */
  readonly meter: () => Pick<StreamMeter, 'read' | 'isStarted' | 'result'>
  /** A clock that only goes forward, now. */
  readonly now: number
}

/** So long a start without content is held, at most; nothing in it shows a developer anything. */
const HELD_MS = 2000
const HELD_BYTES = 65_536

const LF = 10
const PING = Buffer.from('event: ping')

/** Holds `message_start` and pings, and lets go with the first event that is neither. */
export class HeldStart implements AnswerSink {
  readonly #options: HeldStartOptions
  readonly #chunks: Buffer[] = []
  readonly #span: EventSpan = { kind: 'other', dataFrom: 0, dataTo: 0, next: 0 }
  #length = 0
  /** The chunks in one. */
  #bytes: Buffer = Buffer.alloc(0)
  #from = 0
  /** What the stream goes to once it is let go. */
  #sink: AnswerSink | null = null
  #isOver = false

  constructor(options: HeldStartOptions) {
    this.#options = options
  }

  get isUndecided(): boolean {
    return this.#sink === null
  }

  data(chunk: Buffer): void {
    if (this.#sink !== null) {
      this.#sink.data(chunk)
      return
    }
    if (this.#isOver) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length > HELD_BYTES || (chunk.includes(LF) && this.#hasContent())) this.#letGo()
  }

  end(): void {
    if (this.#sink === null) this.#giveUp()
    else this.#sink.end()
  }

  broke(): void {
    if (this.#sink === null) this.#giveUp()
    else this.#sink.broke()
  }

  ready(): void {
    this.#sink?.ready()
  }

  tick(now: number): void {
    if (this.#sink !== null) this.#sink.tick?.(now)
    else if (now - this.#options.now >= HELD_MS) this.#letGo()
  }

  cut(): void {
    if (this.#sink?.cut === undefined) this.#options.breakOff()
    else this.#sink.cut()
  }

  usage(): ReplyUsage | null {
    if (this.#sink !== null) return this.#sink.usage()
    const meter = this.#options.meter()
    for (const chunk of this.#chunks) meter.read(chunk)
    return meter.isStarted ? meter.result() : null
  }

  /** Reads the whole events that are there; an error may end everything. */
  #hasContent(): boolean {
    const span = this.#span
    this.#bytes = Buffer.concat(this.#chunks, this.#length)
    for (;;) {
      readEvent(this.#bytes, this.#from, span)
      if (span.next === -1 || this.#isOver) return false
      const isError = span.kind === 'error' || (span.kind === 'unnamed' && this.#options.isCloud)
      if (isError) {
        this.#isOver = this.#options.leaves(this.#bytes.subarray(span.dataFrom, span.dataTo))
        return !this.#isOver
      }
      if (!this.#isSilent()) return true
      this.#from = span.next
    }
  }

  /** A comment, a ping, or the beginning of a message without any content. */
  #isSilent(): boolean {
    const { kind, dataTo } = this.#span
    if (kind === 'message_start') return true
    if (kind !== 'other') return false
    return dataTo === 0 || this.#bytes.subarray(this.#from, this.#from + PING.length).equals(PING)
  }

  #letGo(): void {
    if (this.#isOver) return
    this.#sink = this.#options.open()
    for (const chunk of this.#chunks) this.#sink.data(chunk)
    this.#chunks.length = 0
    this.#bytes = Buffer.alloc(0)
  }

  #giveUp(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.broke()
  }
}
