// The meter: reads what a reply costs from the bytes that pass, and never changes, delays or fails the reply.
import { afterFirstBlankLine, deltaTextBytes, type EventSpan, readEvent } from './event-lines.ts'
import { isObject, type ReplyUsage, UsageTally } from './usage-record.ts'

/** An event that grows beyond this is not looked at. */
const MAX_EVENT = 64 * 1024

/** Four bytes of text are about one token. */
const BYTES_PER_TOKEN = 4

/** What is known of a reply before it is read. */
export interface Reading {
  /** The string that was sent upstream. */
  readonly upstreamModel: string
  readonly onOddField: (field: string) => void
  /** Input tokens to count where the reply tells none (M-26). */
  readonly assumedInput: number
}

/** Reads a stream of server-sent events as it passes. */
export class StreamMeter {
  readonly #tally: UsageTally
  readonly #assumedInput: number
  #servedModel: string
  #textBytes = 0
  /** Whether an end told the output, and whether it was the last. */
  #isOutputTold = false
  #isFinal = false
  #isWhole = false
  #hasLastWord = false
  #isStarted = false
  #supplied: object | null = null
  /** The beginning of an event whose end has not come; copied, so as not to keep the network's buffer alive. */
  #begun: Buffer[] = []
  #begunBytes = 0
  #tail: Buffer = Buffer.alloc(0)
  #isSkipping = false
  readonly #span: EventSpan = { kind: 'other', dataFrom: 0, dataTo: 0, next: 0 }

  constructor({ upstreamModel, onOddField, assumedInput }: Reading) {
    this.#assumedInput = assumedInput
    this.#servedModel = upstreamModel
    this.#tally = new UsageTally(onOddField)
  }

  /** Whether the stream said that it is whole, or why it is not: `message_stop`, or an `error` event. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Whether an `error` event has come, or data without a name, which no event of the Messages API is. */
  get hasLastWord(): boolean {
    return this.#hasLastWord
  }

  /** Whether `message_start` has come, which tells what the input costs, or text of the model's, or its end. */
  get isStarted(): boolean {
    return this.#isStarted
  }

  read(chunk: Buffer): void {
    let at = this.#begunBytes > 0 ? this.#finishBegun(chunk) : 0
    const span = this.#span
    while (at < chunk.length) {
      readEvent(chunk, at, span)
      if (span.next === -1) {
        this.#begin(chunk.subarray(at))
        return
      }
      this.#take(chunk, span)
      at = span.next
    }
  }

  /** Counts the text of deltas that were read elsewhere. */
  addText(bytes: number): void {
    this.#textBytes += bytes
    this.#isStarted = true
  }

  /** Figures from elsewhere, which count when the events held none, or not the last. */
  supply(usage: object): void {
    this.#supplied = usage
  }

  /** The reading, once the stream is over; before the upstream's last word on usage, the text received counts. */
  result(): ReplyUsage {
    if (this.#supplied !== null && !this.#isFinal) this.#isFinal = this.#tally.add(this.#supplied)
    const isUsable = this.#tally.isUsable
    const estimated = !this.#isFinal || !isUsable
    const floor = estimated ? tokensOf(this.#textBytes) : 0
    const input = isUsable ? 0 : this.#assumedInput
    return this.#tally.result(this.#servedModel, { floor, input, estimated })
  }

  #begin(rest: Buffer): void {
    this.#isSkipping = false
    this.#keep(rest)
  }

  /** Adds to the begun event; answers where in `chunk` the next one begins. */
  #finishBegun(chunk: Buffer): number {
    const end = afterFirstBlankLine(chunk, this.#tail)
    if (end === -1) {
      this.#keep(chunk)
      return chunk.length
    }
    this.#keep(chunk.subarray(0, end))
    if (!this.#isSkipping) {
      const event = Buffer.concat(this.#begun)
      readEvent(event, 0, this.#span)
      if (this.#span.next !== -1) this.#take(event, this.#span)
    }
    this.#begun = []
    this.#begunBytes = 0
    return end
  }

  #keep(piece: Buffer): void {
    this.#begunBytes += piece.length
    this.#tail =
      piece.length > 1 ? Buffer.from(piece.subarray(-2)) : Buffer.concat([this.#tail, piece]).subarray(-2)
    this.#isSkipping ||= this.#begunBytes > MAX_EVENT
    if (this.#isSkipping) this.#begun = []
    else this.#begun.push(Buffer.from(piece))
  }

  #take(buffer: Buffer, span: EventSpan): void {
    switch (span.kind) {
      case 'text':
        this.#textBytes += deltaTextBytes(buffer, span.dataFrom, span.dataTo)
        this.#isStarted = true
        return
      case 'message_start':
      case 'message_delta':
        this.#readUsage(parsed(buffer, span.dataFrom, span.dataTo))
        return
      case 'message_stop':
        this.#isFinal ||= this.#isOutputTold
        this.#isStarted = true
        this.#isWhole = true
        return
      case 'error':
        this.#isWhole = true
        this.#hasLastWord = true
        return
      case 'unnamed':
        this.#hasLastWord = true
    }
  }

  #readUsage(event: unknown): void {
    if (!isObject(event)) return
    const message = event['message']
    if (isObject(message)) {
      this.#isStarted = true
      if (typeof message['model'] === 'string') this.#servedModel = message['model'].slice(0, 256)
      this.#tally.add(message['usage'])
    }
    if (!this.#tally.add(event['usage'])) return
    this.#isOutputTold = true
    const delta = event['delta']
    if (isObject(delta) && typeof delta['stop_reason'] === 'string') this.#isFinal = true
  }
}

function parsed(buffer: Buffer, from: number, to: number): unknown {
  try {
    return JSON.parse(buffer.toString('utf8', from, to))
  } catch {
    return undefined // not ours to complain about: the client reads the same bytes
  }
}

/** What so many bytes are about; so are those of a request whose reply tells nothing. */
export function tokensOf(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN)
}

/**
 * Reads a complete JSON reply; null when it is an error and so costs nothing.
 *
 * What tells nothing usable is estimated by its text, and what is no message by all of it: no answer is free (M-26).
 */
export function readReply(
  body: Buffer,
  { upstreamModel, onOddField, assumedInput }: Reading,
): ReplyUsage | null {
  const reply = parsed(body, 0, body.length)
  const isMessage = isObject(reply) && reply['type'] === 'message'
  if (isObject(reply) && reply['type'] === 'error') return null
  const tally = new UsageTally(onOddField)
  const isTold = isMessage && tally.add(reply['usage'])
  const named = isMessage ? reply['model'] : null
  const model = typeof named === 'string' ? named.slice(0, 256) : upstreamModel
  if (isTold) return tally.result(model, { floor: 0, input: 0, estimated: false })
  const floor = tokensOf(isMessage ? textBytesOf(reply['content']) : body.length)
  const input = tally.isUsable ? 0 : assumedInput
  return tally.result(model, { floor, input, estimated: true })
}

function textBytesOf(content: unknown): number {
  if (!Array.isArray(content)) return 0
  let bytes = 0
  for (const block of content) {
    if (!isObject(block)) continue
    for (const key of ['text', 'thinking']) {
      if (typeof block[key] === 'string') bytes += Buffer.byteLength(block[key])
    }
    if (block['input'] !== undefined) bytes += Buffer.byteLength(JSON.stringify(block['input']))
  }
  return bytes
}

/**
 * Reads a JSON reply that was too long to be held, from its last bytes, where `usage` stands; it had so many `bytes`.
 *
 * A quote inside a text is escaped, so `"usage"` can only be a member's name; a tool's input may have one too,
 * hence the question what it holds.
 */
export function readReplyTail(
  tail: Buffer,
  { upstreamModel, onOddField, assumedInput, bytes }: Reading & { readonly bytes: number },
): ReplyUsage {
  const tally = new UsageTally(onOddField)
  let isTold = false
  let end = tail.length
  for (let looks = 0; looks < MAX_LOOKS && !tally.isUsable; looks += 1) {
    const at = end > 0 ? tail.lastIndexOf('"usage"', end - 1) : -1
    if (at === -1) break
    const usage = objectAt(tail, at + '"usage"'.length)
    if (isObject(usage) && ('input_tokens' in usage || 'output_tokens' in usage)) isTold = tally.add(usage)
    end = at
  }
  if (isTold) return tally.result(upstreamModel, { floor: 0, input: 0, estimated: false })
  const input = tally.isUsable ? 0 : assumedInput
  return tally.result(upstreamModel, { floor: tokensOf(bytes), input, estimated: true })
}

const MAX_LOOKS = 8

/** The object behind a member's name, or undefined. */
function objectAt(buffer: Buffer, from: number): unknown {
  const start = buffer.indexOf(OPENING, from)
  if (start === -1) return undefined
  let depth = 0
  for (let at = start; at < buffer.length; at += 1) {
    if (buffer[at] === OPENING) depth += 1
    else if (buffer[at] === CLOSING) depth -= 1
    if (depth === 0) return parsed(buffer, start, at + 1)
  }
  return undefined
}

const OPENING = 123
const CLOSING = 125
